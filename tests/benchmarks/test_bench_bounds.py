"""`bort bench bounds`: estimators of λ that agree with the search's own, and directed bounds."""

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.bounds import rows
from benchmarks.bounds.estimates import (
    CheapestConstants,
    DirectedEstimate,
    Rule,
    directed_distance,
    search,
    search_given,
)
from benchmarks.bounds.hostile import HOSTILE, hostile_case
from benchmarks.search.guarantee import smooth_case
from bort.cli.main import bort
from bort.core.question import Question

SEEDS = range(3)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_spaces_are_spaces(kind: str) -> None:
    for seed in SEEDS:
        case = hostile_case(kind, seed)
        assert 3 < len(case.problem) < 130
        assert (case.errors > 0).all()
        assert (case.errors <= 1).all()
        assert len(np.unique(case.problem.coordinates, axis=0)) == len(case.problem)


def test_one_constant_for_each_dimension_is_the_search_itself() -> None:
    for seed in SEEDS:
        case = smooth_case(seed)
        own, ours = search(case, 0.25, None), search(case, 0.25, Rule(2.0, is_directed=False))
        assert ours == own


def test_the_cheapest_constants_allow_every_rise() -> None:
    rng = np.random.default_rng(0)
    steps, rises = rng.random((200, 3)) * (rng.random((200, 3)) < 0.7), rng.normal(size=200)
    rises[~steps.any(axis=1)] = 0.0
    found = CheapestConstants(np.ones(3)).allow(steps, rises)
    assert (steps @ found >= rises - 1e-9).all()
    assert (found >= 0).all()
    smaller = found * 0.999
    assert (steps @ smaller < rises).any()


@pytest.mark.parametrize("kind", ["smooth", "mixed", "step", "no-structure"])
def test_a_directed_distance_bounds_errors_in_its_direction_only(kind: str) -> None:
    case = hostile_case(kind, 1)
    problem, logs = case.problem, np.log(case.errors)
    estimate = DirectedEstimate(problem, Question(), Rule(1.0))
    estimate.give(case.errors)
    everyone = np.arange(len(problem))
    growing, shrinking = estimate.growing, estimate.shrinking
    assert growing is not None
    assert shrinking is not None
    there = directed_distance(problem, everyone, everyone, growing, shrinking)
    rises = logs[None, :] - logs[:, None]  # from the row to the column
    assert (rises <= there + 1e-7).all()
    if not problem.categorical.all():
        assert (rises > there.T + 1e-7).any()  # read the other way, it is no bound
    assert (there <= problem.distance(everyone, everyone, estimate.in_force) + 1e-12).all()


@pytest.mark.parametrize("is_directed", [False, True])
def test_with_a_given_lambda_no_claim_is_wrong_and_the_bound_holds(is_directed: bool) -> None:
    for kind in ("smooth", "noise-of-5%", "needle", "categories", "holes"):
        found = search_given(hostile_case(kind, 2), 0.25, is_directed=is_directed)
        assert not found.is_wrong
        assert len(found.evaluated) <= found.bound


def test_rows_are_measured_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(rows, "tables", lambda: ("tweets-minilm-24",))
    out, name = tmp_path / "bounds.csv", next(iter(rows.ESTIMATORS))
    asked = ["bench", "bounds", "--searches", "1", "--estimator", name, "--out", str(out)]
    said = CliRunner().invoke(bort, asked)
    assert said.exit_code == 0, said.output
    lines = out.read_text().splitlines()
    assert len(lines) == 1 + 2 + 3  # the table at two ε, one block of each kind
    assert f"| {name} |" in out.with_suffix(".md").read_text()
    monkeypatch.setattr(rows.Block, "measured", None)  # nothing is measured again
    assert CliRunner().invoke(bort, asked).exit_code == 0
    assert out.read_text().splitlines() == lines


def test_an_unknown_estimator_is_refused(tmp_path) -> None:
    asked = ["bench", "bounds", "--estimator", "x", "--out", str(tmp_path / "o.csv")]
    said = CliRunner().invoke(bort, asked)
    assert said.exit_code != 0
    assert "there is no estimator 'x'" in str(said.exception)
