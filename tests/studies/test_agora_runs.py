"""Stored runs of Agora: old versions' runs can still be read, and JSON keeps its keys."""

import json
from pathlib import Path

import numpy as np
import pytest

from bort.agora.loop import Ending, ErrorRate, Verdict
from bort.agora.text.findings import ArmResult, findings, packed
from bort.agora.text.spec import AGORA, PLAIN
from bort.core.errors import InvalidDataError
from bort.storage import JobState, Store, open_store
from bort.studies.agora import (
    ComparisonResult,
    corrections_in,
    point_rows,
    read_comparison,
    read_result,
    read_run,
    replay_spec,
)

SPEC = {
    "study": "torus-knn", "task": "torus", "learner": "knn", "labeler": "noisy-oracle",
    "sampler": "tangent", "radius": 1.5, "rounds": 8, "points": None, "seed": 3,
}  # fmt: skip
POINT = {
    "value": [1.5, 0.2, 0.8], "parent": 2, "sampler": "tangent", "distance": 0.5,
    "verdict": "accepted", "student_before": 0, "label": 1, "confidence": 1.0,
    "probabilities": [0.0, 1.0], "labeler_label": None,
}  # fmt: skip
REFUSED = POINT | {
    "verdict": "near-audit", "label": None, "confidence": None, "probabilities": [],
    "student_before": None,
}  # fmt: skip
# Written by a version in which results had no types yet.
ROUND = {
    "number": 0, "train_size": 1500, "setting": 0, "setting_errors": [[0, 0.05], [1, 0.25]],
    "surviving": [0], "dev_error": {"wrong": 75, "n": 1500}, "wrong_dev": [2, 5],
    "replayed": None, "points": [POINT, REFUSED], "after": [], "ending": None,
}  # fmt: skip
SUMMARY = {
    "round": 0, "train_size": 1500, "errors_found": 2, "proposed": 2,
    "refused": {"near-audit": 1}, "accepted": 1, "dev_error": 0.05, "dev_low": 0.04,
    "dev_high": 0.06, "dev_n": 1500, "setting": 0,
    "surviving_hyperparameters": [{"neighbours": 1.0}], "replayed": None, "ending": None,
    "audit_error": 0.06, "audit_low": 0.05, "audit_high": 0.07, "audit_n": 4000, "gap": 0.01,
    "near_dev": None, "betti": [1, 1, 0], "coverage": 0.9, "seconds": 1.2,
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path):
    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as opened:
        job = opened.create_job("agora", SPEC)
        opened.add_agora_round(job.id, 0, ROUND, SUMMARY)
        yield opened


def test_a_stored_run_is_read_as_values(store: Store) -> None:
    run = read_run(store, store.job(1))
    (r,) = run.rounds
    assert r.dev_error == ErrorRate(75, 1500)
    assert r.points[0].value == (1.5, 0.2, 0.8)
    assert r.refused == run.summaries[0].refused == {Verdict.NEAR_AUDIT: 1}
    assert run.result.final == run.summaries[0].final
    assert run.class_names == ("even band", "odd band")
    accepted, refused = point_rows(run.points, [(0.0,)] * 2 + [(9.0,)])
    assert list(accepted) == [
        *("round", "position", "value", "parent", "sampler", "distance", "verdict"),
        *("student_before", "label", "confidence", "probabilities", "labeler_label"),
        *("parent_value", "student_after", "is_withdrawn"),
    ]
    assert (accepted["parent_value"], refused["label"]) == ((9.0,), None)


def test_an_earlier_result_keeps_its_warnings() -> None:
    stored = {
        "study": "torus-knn", "task": "torus", "job": 1, "rounds": [SUMMARY], "seconds": 1.2,
        "final": {
            "dev_error": 0.05, "audit_error": 0.06, "gap": 0.01, "audit_low": 0.05,
            "audit_high": 0.07, "audit_n": 4000, "ending": "rounds-spent",
        },
        "warnings": ["the labeler is no better than chance"], "described": {"radius": 1.5},
    }  # fmt: skip
    result = read_result(stored)
    assert result.final is not None
    assert result.final.ending is Ending.ROUNDS
    assert (result.warnings, result.labeler) == (tuple(stored["warnings"]), None)


def test_a_damaged_round_is_one_clear_error(store: Store) -> None:
    store.add_agora_round(1, 1, ROUND | {"number": 1, "wrong_dev": "all"}, SUMMARY)
    with pytest.raises(InvalidDataError, match="a round of job 1 cannot be read"):
        read_run(store, store.job(1))


def test_corrections_travel_with_the_job(store: Store) -> None:
    run = read_run(store, store.job(1))
    corrections = {(0, 0): None}
    spec = json.loads(json.dumps(replay_spec(run, corrections)))
    assert spec == {**SPEC, "replay": {"job": 1, "corrections": [[0, 0, None]]}}
    assert corrections_in(spec) == (1, corrections)
    assert corrections_in(SPEC) is None
    with pytest.raises(InvalidDataError, match="cannot be relabelled"):
        replay_spec(run, {(0, 1): 1})


def test_a_run_that_stored_nothing_has_no_result(store: Store) -> None:
    job = store.create_job("agora", SPEC)
    run = read_run(store, store.job(job.id))
    assert run.job.state is JobState.QUEUED
    assert (run.result.final, run.result.rounds, run.points) == (None, (), ())


def test_a_comparison_survives_json() -> None:
    plain = np.array([True, True, False, False])
    wrong = {PLAIN: plain, AGORA: np.array([True, False, False, False])}
    students = tuple(
        ArmResult(
            arm=arm, seed=0, added=0, steps=10, dev_error=0.5, audit_error=float(items.mean()),
            wrong=packed(items), curve=((0, 0.5),), seconds=1.0,
        )
        for arm, items in wrong.items()
    )  # fmt: skip
    # The teacher is no better than plain training, so no share of the gap is known.
    found = findings(students, plain)
    result = ComparisonResult(
        study="tiny", task="reviews", job=1, seeds=1, findings=found, students=students,
        described={}, seconds=2.0,
    )  # fmt: skip
    stored = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert {"means", "differences", "gap_closed", "teacher_audit_error"} <= stored.keys()
    again = read_comparison(stored)
    assert again.students == students
    assert again.to_dict() == result.to_dict()
    assert stored["gap_closed"][AGORA]["share"] is None
