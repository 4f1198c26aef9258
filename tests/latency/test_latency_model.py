"""The latency model: it finds planted coefficients, and its errors are honest."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bort.core.serialise import from_json, to_json
from bort.latency.model import (
    LatencyModel,
    fit,
    non_negative_coefficients,
    rank_correlation,
    with_derived_terms,
)
from bort.latency.space import design, fit_and_held_out


@pytest.fixture
def terms(space):
    return space.operation_terms(1, 32)


def planted(terms, **coefficients):
    features = with_derived_terms(terms)
    return sum(c * features[name] for name, c in coefficients.items())


def test_planted_latencies_are_predicted(terms):
    truth = planted(terms, constant=0.1, layers=0.2, ffn=1e-7, traffic=1e-9)
    model = fit(terms, truth, range(0, len(truth), 3))
    assert model.predict(terms) == pytest.approx(truth, rel=1e-6)
    assert model.median_abs_percent_error < 1e-4
    assert model.rank_correlation > 0.999  # ties may be in any order
    assert (model.fitted_on, model.held_out) == (24, 48)
    assert model.band < 1e-6


def test_errors_are_those_of_held_out_architectures(terms):
    rng = np.random.default_rng(0)
    noisy = planted(terms, constant=0.1, layers=0.2, ffn=1e-7) * np.exp(
        0.05 * rng.standard_normal(72)
    )
    rows = list(range(0, 72, 3))
    model = fit(terms, noisy, rows)
    held_out = np.setdiff1d(np.arange(72), rows)
    percent = 100 * np.abs(model.predict(terms) / noisy - 1)[held_out]
    assert model.median_abs_percent_error == pytest.approx(np.median(percent))
    assert model.p90_abs_percent_error == pytest.approx(np.quantile(percent, 0.9))
    within = np.abs(noisy / model.predict(terms) - 1)[held_out] <= model.band + 1e-12
    assert within.mean() >= 0.9
    assert not within.all()


def test_a_space_too_small_to_hold_out_is_judged_by_leaving_one_out(terms):
    few = {name: values[:6] for name, values in terms.items()}
    truth = planted(few, constant=0.1, layers=0.2)
    truth[2] *= 1.5
    model = fit(few, truth, range(6))
    assert (model.fitted_on, model.held_out) == (6, 0)
    assert model.p90_abs_percent_error > 10


@given(
    hnp.arrays(float, (6, 3), elements=st.sampled_from([0.0, 1.0, 5.0, 1e6])),
    hnp.arrays(float, 6, elements=st.sampled_from([0.1, 1.0, 7.0])),
)
def test_no_coefficient_is_negative(matrix, measured):
    before = matrix.copy()
    coefficients = non_negative_coefficients(matrix, measured)
    assert (coefficients >= 0).all()
    assert np.isfinite(coefficients).all()
    assert (matrix == before).all()


@given(st.integers(0, 5))
def test_the_unit_of_a_term_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    matrix, measured = rng.uniform(1, 2, (12, 3)), rng.uniform(1, 5, 12)
    scale = np.array([1e-9, 1.0, 1e6])
    plain = non_negative_coefficients(matrix, measured)
    assert matrix @ plain == pytest.approx(
        (matrix * scale) @ non_negative_coefficients(matrix * scale, measured), rel=1e-6
    )


def test_larger_is_never_predicted_to_be_faster(space, terms):
    rng = np.random.default_rng(1)
    model = fit(terms, rng.uniform(0.5, 5, len(space)), range(0, len(space), 2))
    predicted = model.predict(terms)
    larger = (space.values[:, None] >= space.values[None, :]).all(axis=2)
    assert (predicted[:, None] >= predicted[None, :])[larger].all()


def test_the_elasticity_factor_bounds_the_slopes(space, terms):
    truth = planted(terms, layers=0.01, traffic=1e-6)
    model = fit(terms, truth, range(0, 72, 2))
    assert model.elasticity_factor == 1.25
    exponents = space.family.elasticities()["operation_terms"]
    bounds = np.array([model.elasticity_factor * exponents[name] for name in space.dimensions])
    x, y = np.log(space.values.astype(float)), np.log(model.predict(terms))
    distances = np.abs(x[:, None] - x[None, :]) @ bounds
    assert (np.abs(y[:, None] - y[None, :]) <= distances + 1e-9).all()
    assert fit(terms, planted(terms, layers=1.0), range(72)).elasticity_factor == 1.0


def test_a_model_survives_json(terms):
    model = fit(terms, planted(terms, constant=0.3, attention=1e-7), range(0, 72, 3))
    again = from_json(LatencyModel, json.loads(json.dumps(to_json(model))), what="a model")
    assert again == model
    assert (again.predict(terms) == model.predict(terms)).all()


def test_rank_correlation_of_ties_and_constants():
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([1.0, 4, 9])) == pytest.approx(1)
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1)
    assert rank_correlation(np.array([1.0, 1, 1]), np.array([3.0, 2, 1])) is None
    assert rank_correlation(np.array([1.0, 2]), np.array([3.0, 2])) is None


@pytest.mark.parametrize("count", [8, 15, 40, 72])
def test_the_sample_is_disjoint_and_holds_the_extremes(space, terms, count):
    fitted, held_out = fit_and_held_out(space, terms, count, rng=np.random.default_rng(0))
    assert len(fitted) == min(32, count // 2)
    assert len({*fitted, *held_out}) == count
    assert {0, space.maximum} <= set(fitted)


def test_the_sample_depends_on_the_seed_only(space, terms):
    draws = [
        fit_and_held_out(space, terms, 20, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1]
    assert draws[0][1] != draws[2][1]


def test_the_design_tells_more_than_chance(space, terms):
    features = np.stack(list(with_derived_terms(terms).values()), axis=1)
    features = features / features.mean(axis=0)
    shares = features / features.sum(axis=1, keepdims=True)
    places = np.log(space.values.astype(float))

    def information(rows):
        return np.linalg.slogdet(1e-6 * np.eye(shares.shape[1]) + shares[rows].T @ shares[rows])[1]

    rng = np.random.default_rng(0)
    chance = [information(rng.choice(72, 16, replace=False)) for _ in range(50)]
    assert information(design(shares, places, 16)) > np.quantile(chance, 0.9)


def test_all_of_a_tiny_space_is_fitted(space):
    from bort.families import FamilySpace

    tiny = FamilySpace(
        "tiny",
        "bert",
        {"depth": (1, 2), "heads": (2,), "hidden": (64,), "intermediate": (64, 128)},
        space.fixed,
    )
    fitted, held_out = fit_and_held_out(
        tiny, tiny.operation_terms(1, 8), 4, rng=np.random.default_rng(0)
    )
    assert sorted(fitted) == [0, 1, 2, 3]
    assert held_out == []
