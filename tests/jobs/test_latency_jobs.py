"""Measuring as a job: what is stored, what a stop keeps, and that a second one is refused."""

import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest
from fake_machine import BUSY, QUIET, FakeMachine
from made_up_study import fill, made_up_evaluation, made_up_spec

from bort.core.errors import BusyError
from bort.core.locks import measuring
from bort.core.origin import Origin
from bort.core.progress import Stage
from bort.core.study import LatencySpec
from bort.families import FamilySpace
from bort.jobs import JobCancelledError, measure_anyway, resume, run_here
from bort.jobs.kinds import search as search_job
from bort.jobs.kinds.latency import measure_new_winners
from bort.jobs.runtime.context import JobContext
from bort.latency import space, stored, timing
from bort.latency.stored import front_profile, named_profile
from bort.storage import EndingCode, Thing, ThingKind
from bort.studies import measuring as winners
from bort.studies.answers import read_answer

SPACE = FamilySpace(
    "small",
    "bert",
    {"depth": (1, 2, 3), "heads": (2,), "hidden": (64, 128), "intermediate": (64, 128)},
    {"vocabulary": 100, "positions": 64},
)
LATENCY = LatencySpec(sequence_length=16, threads=1).to_dict()
SPEC = {"space": SPACE.to_dict(), "latency": LATENCY, "count": 12, "seed": 0, "name": "mine"}


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    machine = FakeMachine()
    for module in (timing, space, winners):
        monkeypatch.setattr(module, "Instruments", lambda **_: machine.instruments)
    return machine


def test_a_space_is_measured_and_stored(store):
    seen = []
    result = run_here(store, "latency", SPEC, on_step=seen.append)
    assert (result["profile"], result["complete"], result["noise"]["ok"]) == ("mine", True, True)
    assert len(named_profile(store, "mine").measurements) == 12
    assert {step.stage for step in seen} >= {Stage.WARMING_UP, Stage.DONE}
    assert any(step.eta_s for step in seen)
    assert store.profiles()[0].key is not None  # searches find it


def test_cancelling_keeps_the_complete_rounds(store):
    def cancel_in_the_third_round(progress):
        if progress.stage is Stage.MEASURING and progress.done == 3:
            os.kill(os.getpid(), 15)

    with pytest.raises(JobCancelledError):
        run_here(store, "latency", SPEC, on_step=cancel_in_the_third_round)
    (job,) = store.jobs()
    assert job.result["rounds"] == 3
    kept = named_profile(store, "mine")
    assert (kept.rounds, kept.complete) == (3, False)
    assert store.profiles()[0].key is None  # searches do not


def test_a_second_measurement_is_refused_with_a_reason(store, machine, monkeypatch, tmp_path):
    lock = tmp_path / "measuring.lock"
    monkeypatch.setattr(
        FakeMachine,
        "hold",
        lambda self, stop, wait, step: measuring("second", wait=wait, path=lock),
    )
    with measuring("the first", path=lock), pytest.raises(BusyError, match=r"\(the first\), since"):
        run_here(store, "latency", SPEC)
    ending = store.jobs()[0].ending
    assert "(the first), since" in (ending.message or "")
    assert (ending.code, ending.error) == (EndingCode.FAILED, "BusyError")
    assert not store.profiles()


def test_winners_and_landmarks_are_jobs_too(store):
    study = fill(store, "reviews", budget=8)
    result = run_here(store, "winners", {"study": "reviews"})
    found = front_profile(store, study)
    assert found.name == result["profile"]
    assert {one.id for one in found.measurements} == {
        point.id for point in read_answer(store, "reviews").front
    }
    result = run_here(store, "landmarks", {"latency": LATENCY})
    assert len(result["landmarks"]) == 6


def test_a_search_measures_its_winners_once_and_here_only(store, machine, monkeypatch):
    study = fill(store, "reviews", budget=8)
    context = JobContext(store, store.create_job("search", {}), _NeverStops())
    measure_new_winners(context, "reviews")
    assert not machine.ran  # its profile is another machine's
    monkeypatch.setattr("bort.jobs.kinds.latency.differences_from_here", lambda _profile: [])
    measure_new_winners(context, "reviews")
    assert front_profile(store, study) is not None
    runs = len(machine.ran)
    measure_new_winners(context, "reviews")
    assert len(machine.ran) == runs


def test_a_busy_machine_certifies_nothing_until_it_is_measured_again(store, monkeypatch):
    busy = FakeMachine(others_share=0.5, readings=[BUSY])
    monkeypatch.setattr(stored, "Instruments", lambda: busy.instruments)
    monkeypatch.setattr(stored, "search_count", lambda _: 12)

    def oracle(context, spec, space):
        train = lambda architecture, seed: made_up_evaluation(architecture)  # noqa: E731
        return SimpleNamespace(evaluate=train, origin=Origin())

    monkeypatch.setattr(search_job, "_oracle", oracle)
    spec = made_up_spec("reviews", budget=10, lipschitz=0.3)
    spec = replace(spec, space=SPACE.to_dict(), latency=LatencySpec.from_dict(LATENCY))
    waited = []

    def on_step(step):
        if step.stage is Stage.WAITING_FOR_QUIET:
            waited.append(step)
            measure_anyway(store, 1)

    found = run_here(store, "search", spec.to_dict(), study="reviews", on_step=on_step)
    assert len(waited) == 1
    assert (found["certified_epsilon"], found["guarantee"]) == (None, "none")
    assert "latency-refused" in [row["code"] for row in found["ledger"]]
    with pytest.raises(BusyError, match="has ended"):
        measure_anyway(store, 1)
    busy.others_share, busy.readings = 0.0, [QUIET]
    store.delete(Thing(ThingKind.JOB, "1"))
    again = run_here(store, "search", spec.to_dict(), study="reviews")
    assert again["evaluations"] == found["evaluations"]
    assert again["certified_epsilon"] is not None


class _NeverStops:
    stop = latest = None

    def report(self, progress):
        pass


def test_a_cancelled_measurement_continues_under_its_name(store, machine):
    def cancel_in_the_third_round(progress):
        if progress.stage is Stage.MEASURING and progress.done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    spec = {**SPEC, "name": None}
    with pytest.raises(JobCancelledError) as stopped:
        run_here(store, "latency", spec, on_step=cancel_in_the_third_round)
    name = stopped.value.result["profile"]
    assert store.jobs()[0].ending.code is EndingCode.INTERRUPTED
    seen = []
    result = resume(store, 1, detach=False, on_step=seen.append)
    assert (result["profile"], result["complete"]) == (name, True)
    assert [record.name for record in store.profiles()] == [name]
    measured = [step.done for step in seen if step.stage is Stage.MEASURING]
    assert measured[0] == 4
    # Killed after its profile was stored, it has nothing left to measure.
    runs = len(machine.ran)
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state = 'lost'")
    assert resume(store, 1, detach=False) == result
    assert len(machine.ran) == runs
