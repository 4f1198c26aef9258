"""scikit-learn's own checks: those that apply pass; the others are listed with the reason."""

import re

import pytest
from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from bort import Agora, TextClassifierSearch

APPLY = (
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)
# Why the others do not apply, by a pattern of their names.
REASONS = {
    r"sample_weight": "every text counts the same; fit takes no weights",
    r"class_weight": "classes are weighted by nothing but their texts",
    r"array_api|sparse|sparsify|memmap|dtype|contiguous|complex|nan_inf|not_an_array": (
        "they pass matrices of numbers, and this estimator reads texts"
    ),
    r"fit1d|fit2d|n_features|one_label|regression_target|empty_data|positive_only|y_2d|y_no_nan": (
        "they pass matrices of numbers; tests/api checks the same mistakes with texts"
    ),
    r"classifiers_(classes|train)|decision_proba|invariance|pipeline_consistency|idempotent": (
        "they fit matrices of numbers; tests/api checks classes, probabilities and repeated fits"
    ),
    r"n_iter": "a search has no iterations",
    r"pickle": "a fitted one is saved as files and refuses to be pickled",
    r"unfitted|fit_check_is_fitted|dict_unchanged|overwrite|returns_self|takes_y|requires_y": (
        "they fit matrices of numbers; tests/api checks the same with texts"
    ),
}


def name_of(check):
    while hasattr(check, "func"):
        check = check.func
    return check.__name__


@pytest.mark.parametrize("kind", [TextClassifierSearch, Agora])
@pytest.mark.parametrize("name", APPLY)
def test_a_check_that_needs_no_data_passes(kind, name):
    getattr(estimator_checks, name)(kind.__name__, kind())


def test_every_other_check_has_a_reason():
    known = estimator_checks_generator(LogisticRegression(), legacy=True, mark=None)
    others = {name_of(check) for _, check in known} - set(APPLY)
    assert len(others) > 30
    assert [name for name in others if not any(re.search(why, name) for why in REASONS)] == []


@pytest.mark.filterwarnings("ignore:Can't test estimator")
def test_scikit_learn_sees_a_classifier_of_texts():
    check_estimator(TextClassifierSearch())
    assert is_classifier(TextClassifierSearch())
    tags = TextClassifierSearch().__sklearn_tags__().input_tags
    assert tags.string
    assert not tags.two_d_array
