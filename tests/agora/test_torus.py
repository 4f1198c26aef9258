"""The torus: its geometry, the run that fills it, as a job and as a command."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from bort import jobs
from bort.agora.homology import homology
from bort.agora.loop import agora
from bort.agora.loop.labelers import LabelerDoubt
from bort.agora.torus.world import (
    LEARNERS,
    MISSING_LONGITUDE,
    angles,
    on_torus,
    torus_points,
    torus_world,
    true_class,
)
from bort.cli.main import bort
from bort.core.agora import TorusSpec
from bort.core.errors import BortError, InvalidOptionError
from bort.core.progress import Progress
from bort.jobs import JobCancelledError
from bort.storage import EventCode, Store, open_store
from bort.studies.agora import point_rows, read_result, read_run

ROUND_KEYS = {
    *("round", "train_size", "errors_found", "proposed", "refused", "accepted", "dev_error"),
    *("audit_error", "surviving_hyperparameters", "betti", "coverage"),
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.delenv("BORT_STORE", raising=False)


def bort_agora(*arguments: str):
    return CliRunner().invoke(bort, ["agora", *arguments], catch_exceptions=True)


def test_points_lie_on_the_torus_and_evenly() -> None:
    points = torus_points(5000, np.random.default_rng(0))
    assert points == pytest.approx(on_torus(*angles(points)))
    # The outer half of the tube has (π + 1) / 2π of the area, since the radii are 2 and 1.
    outer = np.mean(np.hypot(points[:, 0], points[:, 1]) > 2.0)
    assert outer == pytest.approx((np.pi + 1) / (2 * np.pi), abs=0.02)
    assert np.mean(true_class(points)) == pytest.approx(0.5, abs=0.02)


def test_a_third_of_the_training_set_is_missing() -> None:
    world = torus_world(TorusSpec())
    assert np.abs(angles(world.task.train.inputs)[0]).min() > MISSING_LONGITUDE
    for split in (world.task.dev, world.audit):
        missing = np.mean(np.abs(angles(split.inputs)[0]) < MISSING_LONGITUDE)
        assert missing == pytest.approx(1 / 3, abs=0.05)
    assert homology(world.task.train.inputs, dimension=2).betti == (1, 1, 0)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_random_guesser_ends_up_learning_the_torus(seed: int) -> None:
    world = torus_world(TorusSpec(learner="random-guesser", seed=seed))
    steps = list(agora(world.task, world.parts, world.options))
    wrong = [np.mean(s.model.predict(world.audit.inputs) != world.audit.labels) for s in steps]
    assert wrong[0] > 0.12
    assert wrong[-1] < 0.05
    assert homology(steps[-1].examples.inputs, dimension=2).betti == (1, 2, 1)


@pytest.mark.parametrize("learner", sorted(LEARNERS))
def test_every_learner_learns(learner: str) -> None:
    world = torus_world(TorusSpec(learner=learner, rounds=3))
    steps = list(agora(world.task, world.parts, world.options))
    wrong = [np.mean(s.model.predict(world.audit.inputs) != world.audit.labels) for s in steps]
    assert wrong[-1] < wrong[0]
    assert wrong[-1] < 0.05


@pytest.mark.parametrize(
    "change", [{"labeler": "oracle"}, {"labeler": "random-features"}, {"sampler": "mixture"}]
)
def test_other_parts_run(change) -> None:
    world = torus_world(TorusSpec(rounds=1, **change))
    steps = list(agora(world.task, world.parts, world.options))
    assert len(steps) == 2


@pytest.mark.parametrize("name", ["learner", "labeler", "sampler"])
def test_unknown_parts(name: str) -> None:
    with pytest.raises(InvalidOptionError, match=f"{name} must be one of .*, got 'x'"):
        TorusSpec(**{name: "x"})


def test_the_command_answers_with_the_promised_keys() -> None:
    result = bort_agora("run", "--task", "torus", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert {"study", "task", "rounds", "final", "seconds"} <= set(answer)
    assert all(set(row) >= ROUND_KEYS for row in answer["rounds"])
    assert {"dev_error", "audit_error", "audit_low", "audit_high", "audit_n"} <= set(
        answer["final"]
    )
    assert answer["rounds"][0]["betti"] == [1, 1, 0]
    assert answer["rounds"][-1]["betti"] == [1, 2, 1]
    assert answer["final"]["audit_error"] < 0.05
    assert answer["final"]["audit_low"] < answer["final"]["audit_error"]


def torus_job(rounds: int = 3) -> dict[str, object]:
    return {"study": "torus", "task": "torus", "learner": "knn", "rounds": rounds}


def outcome(store: Store, job_id: int) -> list[tuple[object, object]]:
    rows = []
    for record in store.agora_rounds(job_id):
        summary = {k: v for k, v in record.summary.items() if k != "seconds"}
        rows.append((record.round, summary))
    return rows


def rows_of(store: Store, job_id: int) -> list[dict]:
    return point_rows(read_run(store, store.job(job_id)).points)


def test_a_run_that_was_stopped_resumes_to_the_same_result() -> None:
    with open_store() as store:
        jobs.run_here(store, "agora", torus_job())
        whole = outcome(store, 1)

        def stop(progress: Progress) -> None:
            if progress.done == 2:
                store.request_cancel(2)
                raise KeyboardInterrupt

        with pytest.raises(JobCancelledError):
            jobs.run_here(store, "agora", torus_job(), on_step=stop)
        assert outcome(store, 2) == whole[:2]
        answer = jobs.resume(store, 2, detach=False)
        assert outcome(store, 2) == whole
        assert answer is not None
        assert [row["round"] for row in answer["rounds"]] == [0, 1, 2, 3]


def test_a_round_is_stored_once() -> None:
    with open_store() as store:
        job = store.create_job("agora", torus_job())
        store.add_agora_round(job.id, 0, {"number": 0}, {"round": 0})
        store.add_agora_round(job.id, 0, {"number": 9}, {"round": 9})
        (record,) = store.agora_rounds(job.id)
        assert record.round == {"number": 0}
        assert store.agora_rounds(77) == []


def test_show_and_export_give_every_point(tmp_path: Path) -> None:
    assert bort_agora("run", "--rounds", "1", "--points", "50", "--json").exit_code == 0
    shown = bort_agora("show", "1", "--points", "--json")
    points = json.loads(shown.stdout)["points"]
    assert sum(p["verdict"] == "accepted" for p in points) == 50
    assert bort_agora("show", "1", "--points").exit_code == 0
    for name in ("p.jsonl", "p.parquet"):
        assert bort_agora("export", "1", str(tmp_path / name)).exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert lines == points
    table = pd.read_parquet(tmp_path / "p.parquet")
    assert table["verdict"].tolist() == [p["verdict"] for p in points]
    assert not list(tmp_path.glob("*.part"))


def test_provenance_of_a_stored_run_is_complete() -> None:
    with open_store() as store:
        jobs.run_here(store, "agora", torus_job(rounds=2))
        rows = rows_of(store, 1)
    accepted = [row for row in rows if row["verdict"] == "accepted"]
    assert accepted
    for row in accepted:
        assert None not in (row["label"], row["student_before"], row["student_after"])
        assert row["distance"] <= TorusSpec().radius * (1 + 1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--task", "nowhere"], "nowhere"),
        (["run", "--radius", "0"], "radius"),
        (["run", "--learner", "genius"], "genius"),
        (["run", "--rounds", "-1"], "rounds"),
        (["run", "--study", "a/b"], "a/b"),
        (["show", "5"], "no job 5"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: list[str], message: str) -> None:
    result = bort_agora(*arguments)
    assert result.exit_code != 0
    assert message in str(result.exception)


def test_a_person_corrects_points_and_replays() -> None:
    assert bort_agora("run", "--rounds", "2", "--json").exit_code == 0
    result = bort_agora("replay", "1", "--reject", "0:3", "--relabel", "0:4=1", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    with open_store() as store:
        before, after = (rows_of(store, job) for job in (1, 2))
    assert after[3]["verdict"] == "rejected-by-person"
    assert (after[4]["label"], after[4]["probabilities"]) == (1, (0.0, 1.0))
    assert after[4]["verdict"] == "relabelled-by-person"
    assert after[4]["labeler_label"] == before[4]["label"]
    changed = {"verdict", "label", "confidence", "probabilities", "student_after", "labeler_label"}
    for one, other in zip(before[:1000], after[:1000], strict=True):
        assert {k: v for k, v in one.items() if k not in changed} == {
            k: v for k, v in other.items() if k not in changed
        }
    assert answer["rounds"][0]["refused"]["rejected-by-person"] == 1
    assert answer["rounds"][1]["train_size"] == 1500 + answer["rounds"][0]["accepted"]
    assert [row["round"] for row in answer["rounds"]] == [0, 1, 2]
    for wrong in (["--reject", "0"], ["--relabel", "0:1"], ["--reject", "9:9"], []):
        assert isinstance(bort_agora("replay", "1", *wrong).exception, BortError)


def test_a_file_of_no_known_format(tmp_path: Path) -> None:
    assert bort_agora("run", "--rounds", "0", "--json").exit_code == 0
    result = bort_agora("export", "1", str(tmp_path / "points.pickle"))
    assert isinstance(result.exception, InvalidOptionError)


def test_a_worse_than_chance_labeler_is_told_before_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bort.agora.torus.world.ORACLE_NOISE", 0.9)
    with open_store() as store:
        answer = jobs.run_here(store, "agora", torus_job(rounds=0))
        warned = [event for event in store.events(1) if event.level == "warning"]
    assert [event.code for event in warned] == [EventCode.LABELER_DOUBTED]
    labeler = read_result(answer).labeler
    assert labeler is not None
    assert labeler.doubt is LabelerDoubt.NO_BETTER_THAN_CHANCE
    assert answer["warnings"] == []
