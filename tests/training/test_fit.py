from types import SimpleNamespace

import pytest

from bort.core.errors import InvalidModelError, InvalidSpaceError
from bort.families import load_space, parse_space
from bort.training.fit import (
    check_reads_text,
    check_vocabulary,
    label_order,
    labels_of,
    teacher_steps,
)


@pytest.mark.parametrize(
    ("found", "order"),
    [
        (["LABEL_0", "LABEL_1"], [0, 1]),
        (["Good", " bad"], [1, 0]),
        (["bad", "good"], [0, 1]),
    ],
)
def test_labels_are_matched_by_name(found, order):
    assert label_order(found, ("bad", "good"), "it") == order


def test_labels_that_differ_in_case_alone_are_matched_exactly():
    classes = ("Spam", "ham", "spam")
    assert label_order(["spam", "Spam", "ham"], classes, "it") == [1, 2, 0]
    assert label_order(["LABEL_0", "LABEL_1", "LABEL_2"], classes, "it") == [0, 1, 2]
    with pytest.raises(InvalidModelError):
        label_order(["SPAM", "ham", "spam"], classes, "it")


@pytest.mark.parametrize("found", [["bad", "so-so", "good"], ["bad", "worse"]])
def test_labels_that_do_not_match_are_refused(found):
    with pytest.raises(InvalidModelError, match="choose a teacher with the task's labels"):
        label_order(found, ("bad", "good"), "it")


def test_small_training_sets_are_read_more_often():
    assert teacher_steps(7398, 2) == 693
    assert teacher_steps(500, 2) == 300
    assert teacher_steps(5, 2) == 20
    assert teacher_steps(9163, 150) == 8 * 286


def test_what_config_json_leaves_out_is_what_transformers_takes():
    assert labels_of({"num_labels": 3}) == ["LABEL_0", "LABEL_1", "LABEL_2"]
    many = {str(i): f"class {i}" for i in (10, 9, 0)}
    assert labels_of({"id2label": many}) == ["class 0", "class 9", "class 10"]


@pytest.mark.parametrize("family", ["mlp", "toy", "vit"])
def test_families_that_do_not_read_text_are_refused(family):
    dimensions = {
        "mlp": "depth = [1]\nhidden = [4]",
        "toy": "factor = [2]\nwidth = [3]\ninputs = [4]\ninner = [3]\noutputs = [4]",
        "vit": "depth = [2]\nheads = [2]\nhidden = [64]\nintermediate = [96]",
    }[family]
    space = parse_space(f'family = "{family}"\n[dimensions]\n{dimensions}', "x.toml")
    with pytest.raises(InvalidSpaceError, match=f"family '{family}' do not read text"):
        check_reads_text(space)


def test_bert_reads_text_and_needs_its_source_s_vocabulary():
    space = load_space("minilm")
    check_reads_text(space)
    check_vocabulary(SimpleNamespace(name="it", config={"vocab_size": 30522}), space)
    with pytest.raises(InvalidModelError, match="set `vocabulary = 50` under"):
        check_vocabulary(SimpleNamespace(name="it", config={"vocab_size": 50}), space)
