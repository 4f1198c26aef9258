"""Agora on texts as a job and as a command: killed and resumed, compared, shown, replayed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from bort import jobs
from bort.agora.text.spec import ARMS
from bort.cli.agora import run as run_command
from bort.cli.main import bort
from bort.core.agora import TextSpec
from bort.core.errors import BortError, InvalidOptionError, StoreError
from bort.core.locks import training_turn
from bort.core.progress import Progress, Stage
from bort.core.study import StudySpec, TaskSpec
from bort.families import FamilySpace
from bort.jobs.kinds.agora import turn_to_train
from bort.storage import EventCode, open_store
from bort.storage.agora import read_arms, read_places
from bort.studies.agora import point_rows, read_run
from bort.studies.agora_request import describe_run
from bort.tasks import load_task

ROUND_KEYS = {
    *("round", "train_size", "errors_found", "proposed", "refused", "accepted", "dev_error"),
    *("audit_error", "surviving_hyperparameters", "betti", "coverage"),
}
FINAL_KEYS = {"dev_error", "audit_error", "audit_low", "audit_high", "audit_n"}
KILL_AFTER_ROUND_0 = """
import os, signal, sys
from bort import jobs
from bort.storage import open_store
import json
def kill(progress):
    if progress.done == 1:
        os.kill(os.getpid(), signal.SIGKILL)
with open_store() as store:
    jobs.run_here(store, "agora", json.loads(sys.argv[1]), study="tiny", on_step=kill)
"""


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--sampler", "mixture"], "source"),
        (["--sampler", "edits"], "words"),
        (["--sampler", "edits", "--representation", "source"], "source"),
        (["--sampler", "mix", "--labelled", "420"], "words"),
    ],
)
def test_no_text_passes_the_source_network_unless_it_is_cheap(place, store, more, expected) -> None:
    assert described(options(place, *more), store)["representation"] == expected


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as store:
        yield store


def outcome(store, job: int) -> list[dict]:
    """Return what a run stored, except for the time it took."""
    found = []
    for record in store.agora_rounds(job):
        summary = {k: v for k, v in record.summary.items() if k != "seconds"}
        found.append({"round": record.round, "summary": summary})
    return found


def rows_of(store, job: int) -> list[dict]:
    return point_rows(read_run(store, store.job(job)).points)


def run(*arguments: str):
    return CliRunner().invoke(bort, ["agora", *arguments], catch_exceptions=True)


def described(words: list[str], store) -> dict:
    """Describe the job that `bort agora run` would start."""
    with run_command.make_context("run", words) as context:
        own = {"ablate", "seeds", "detach", "store_url", "as_json"}
        texts = {name: text for name, text in context.params.items() if name not in own}
        return describe_run(store, texts)


def options(place, *more: str) -> list[str]:
    return [
        *("--task", str(place / "reviews.csv"), "--labelled", "60", "--steps", "10"),
        *("--architecture", "1-2-16-32", "--source", str(place / "source"), "--threads", "1"),
        *("--closing-steps", "15", "--rounds", "1", "--points-per-round", "30", *more),
    ]


def test_a_killed_run_resumes_to_the_same_result(spec, store, tmp_path, monkeypatch) -> None:
    chosen = replace(spec, sampler="edits").to_dict()
    jobs.run_here(store, "agora", chosen, study="tiny")
    whole = outcome(store, 1)
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    # In its own process it would spin: one core, several test runs.
    killed = subprocess.run(
        [sys.executable, "-c", KILL_AFTER_ROUND_0, json.dumps(chosen)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    time.sleep(0.01)
    assert outcome(store, 2) == whole[:1]
    jobs.resume(store, 2, detach=False)
    assert outcome(store, 2) == whole
    texts = [p["value"] for p in rows_of(store, 2) if p["label"] is not None]
    assert len(texts) == len(set(texts))
    for number, points in [(None, whole_dev(spec)), (0, len(whole[0]["round"]["points"]))]:
        first, second = (read_places(store.job(job), number) for job in (1, 2))
        assert len(first["tsne"]) == points
        for name, places in first.items():
            assert np.array_equal(places, second[name])


def whole_dev(spec) -> int:
    return len(load_task(spec.task).dev.texts)


def test_the_run_stores_where_its_points_are_on_the_map(spec, store) -> None:
    jobs.run_here(store, "agora", replace(spec, rounds=1).to_dict(), study="tiny")
    points = store.agora_rounds(1)[0].round["points"]
    dev, sampled = read_places(store.job(1), None), read_places(store.job(1), 0)
    assert dev["tsne"].shape == dev["pca"].shape == (whole_dev(spec), 2)
    assert sampled["tsne"].shape == (len(points), 2)
    share, chance = dev["tsne-kept"]
    assert 0 < chance < share <= 1
    near = dev["tsne"][[point["parent"] for point in points]] - sampled["tsne"]
    spread = np.linalg.norm(dev["tsne"] - dev["tsne"].mean(axis=0), axis=1).mean()
    assert np.median(np.linalg.norm(near, axis=1)) < spread
    assert read_places(store.job(1), 7) is None


def test_a_run_whose_map_cannot_be_stored_goes_on(spec, store, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("no space left")

    monkeypatch.setattr("bort.jobs.kinds.agora_maps.write_places", full)
    answer = jobs.run_here(store, "agora", replace(spec, rounds=1).to_dict(), study="tiny")
    assert len(answer["rounds"]) == 2
    codes = [event.code for event in store.events(1)]
    assert EventCode.MAP_WITHOUT_VECTORS in codes


def test_the_command_answers_as_the_contract_says(place, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    result = run("run", *options(place), "--json")
    assert result.exit_code == 0, result.exception
    answer = json.loads(result.stdout)
    assert {"study", "task", "rounds", "final", "seconds"} <= answer.keys()
    assert all(row.keys() >= ROUND_KEYS for row in answer["rounds"])
    assert answer["final"].keys() >= FINAL_KEYS
    assert run("show", "1", "--points").exit_code == 0
    assert run("export", "1", str(tmp_path / "points.parquet")).exit_code == 0
    points = json.loads(run("show", "1", "--points", "--json").stdout)["points"]
    number = next(p["position"] for p in points if p["verdict"] == "accepted")
    again = run("replay", "1", "--relabel", f"0:{number}=1", "--json")
    assert again.exit_code == 0, again.exception
    with open_store() as store:
        changed = rows_of(store, 2)[number]
    assert (changed["label"], changed["probabilities"]) == (1, (0.0, 1.0))


def test_a_comparison_is_fair_and_goes_on_where_it_was(spec, store) -> None:
    described = {**replace(spec, closing_steps=20, rounds=1).to_dict(), "seeds": 2}
    answer = jobs.run_here(store, "agora-comparison", described, study="tiny")
    rows = answer["students"]
    assert {(row["arm"], row["seed"]) for row in rows} == {(a, s) for a in ARMS for s in (0, 1)}
    for seed in (0, 1):
        mine = {row["arm"]: row for row in rows if row["seed"] == seed}
        assert len({row["steps"] for row in mine.values()}) == 1
        assert mine["random"]["added"] == mine["agora"]["added"] > 0
        assert mine["agora-half"]["added"] == mine["random-half"]["added"]
        assert mine["plain"]["added"] == 0
    found = {(row["from"], row["to"]): row for row in answer["differences"]}
    for row in found.values():
        assert row["low"] <= row["difference"] <= row["high"]

    def stop(progress: Progress) -> None:
        if progress.done == 3:
            store.request_cancel(2)
            raise KeyboardInterrupt

    with pytest.raises(jobs.JobCancelledError):
        jobs.run_here(store, "agora-comparison", described, study="tiny", on_step=stop)
    assert len(read_arms(store.job(2))) == 3
    jobs.resume(store, 2, detach=False)
    assert untimed(read_arms(store.job(2))) == untimed(rows)


def untimed(rows: list[dict]) -> list[dict]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--learner", "knn"], "--learner does not apply to texts; leave it out, or use"),
        (["--sampler", "magic"], "magic"),
        (["--radius", "0"], "radius"),
        (["--labeler", "/no/such/folder"], "folder"),
        (["--labeler", "answers.parquet"], "which cannot label new texts; name teacher, probe"),
        (["--labeler", "sklearn:Nothing"], "Nothing"),
        (["--pool", "nowhere.csv"], "nowhere.csv"),
        (["--architecture", "2-2"], "2-2"),
        (["--labelled", "1"], "labelled=1"),
        (["--ablate", "--seeds", "0"], "seeds"),
        (["--seeds", "2"], "--seeds has no effect without --ablate"),
        (["--from-study", "unheard-of"], "unheard-of"),
    ],
)
def test_bad_input_is_one_clear_line(place, tmp_path, monkeypatch, more, message) -> None:
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    result = run("run", *options(place, *more))
    assert isinstance(result.exception, BortError), result.exception
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)


def test_a_student_with_a_vocabulary_of_its_own_is_refused(place, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    space = FamilySpace("small", "static", {"vocabulary": (20, 35), "hidden": (4,)})
    task = TaskSpec(task=str(place / "reviews.csv"))
    with open_store() as store:
        store.create_study(StudySpec(name="small", space=space.to_dict(), task=task))
    result = run("run", "--from-study", "small", "--architecture", "35-4", "--labelled", "60")
    assert isinstance(result.exception, InvalidOptionError)
    assert "space 'small' has a vocabulary of its own" in str(result.exception)


def test_nothing_to_retrieve_from_is_told_before_the_run(place, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    arguments = [
        a for a in options(place, "--sampler", "retrieval") if a not in ("--labelled", "60")
    ]
    result = run("run", *arguments)
    assert "no pool" in str(result.exception)


def test_odd_data_is_told_before_the_run(place, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    rows = (place / "reviews.csv").read_text(encoding="utf-8").splitlines()
    scarce = [*rows, *(f"{word} text,rare" for word in ("a", "seldom", "third"))]
    (tmp_path / "scarce.csv").write_text("\n".join(scarce), encoding="utf-8")
    arguments = options(place, "--labelled", "420", "--sampler", "edits", "--detach")
    arguments[arguments.index("--task") + 1] = str(tmp_path / "scarce.csv")
    monkeypatch.setattr("bort.jobs.start_detached", lambda *given, **named: 1)
    result = run("run", *arguments)
    assert result.exit_code == 0, result.output
    assert "Note: " in result.stderr
    assert "rare" in result.stderr


def test_a_spec_survives_json(spec) -> None:
    assert TextSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_minutes_end_a_run(spec, store) -> None:
    answer = jobs.run_here(store, "agora", replace(spec, minutes=1e-6).to_dict(), study="tiny")
    assert answer["final"]["ending"] == "time-spent"
    assert len(answer["rounds"]) == 1
    assert np.isfinite(answer["final"]["audit_error"])


def test_waiting_for_another_training_is_told_and_then_forgotten(monkeypatch) -> None:
    heard: list[Progress] = []

    class Context:
        progress = Progress(done=2, total=5, stage=Stage.AGORA_ROUND)

        def report(self, progress: Progress) -> None:
            heard.append(progress)
            self.progress = progress

        def report_part(self, step: Progress) -> None:
            self.report(step.within(self.progress))

        def should_stop(self) -> bool:
            return bool(heard)

    monkeypatch.setattr("bort.core.locks.POLL_SECONDS", 0.0)
    with training_turn(None, lambda: False), turn_to_train(Context(), None):
        pass
    assert [(p.done, p.total, p.stage) for p in heard] == [
        (2, 5, Stage.WAITING_FOR_TRAINING),
        (2, 5, Stage.AGORA_ROUND),
    ]
