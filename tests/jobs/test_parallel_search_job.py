"""A search with several trainings at once: the same as in one process, whoever is killed."""

import os
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_up_errors import made_up_evaluation
from made_up_study import made_up_profile, made_up_spec

from bort.core.errors import StudyConflictError, WorkerError
from bort.core.origin import Origin
from bort.families import SearchSpace
from bort.jobs import JobCancelledError, resume, run_here
from bort.jobs.kinds import search as search_job
from bort.jobs.kinds import trainings
from bort.jobs.workers.local import LocalWorker
from bort.jobs.workers.messages import evaluation_message
from bort.jobs.workers.pool import WorkerPool
from bort.report.jobs import sentence, worker_lines
from bort.search.check.verify import verify
from bort.storage import JobState
from bort.studies.answers import study_certificate

WORKER = Path(__file__).with_name("made_up_worker.py")
SHARED = Path(__file__).parents[1] / "shared"


@pytest.fixture
def spec(store):
    spec = made_up_spec("one-process", epsilon=0.25, budget=14, parallel=3)
    profile = made_up_profile(SearchSpace.from_dict(spec.space))
    store.put_profile(profile.to_dict(), profile.name)
    return replace(spec, latency=replace(spec.latency, profile=profile.name))


@pytest.fixture
def trained(monkeypatch):
    """Record what is trained in this process, in order; a formula replaces the training."""
    record = []

    def oracle(context, spec, space):
        def train(architecture, seed):
            record.append(architecture.id)
            return replace(made_up_evaluation(architecture), seed=seed)

        return SimpleNamespace(evaluate=train, origin=Origin(device="cpu"))

    monkeypatch.setattr(search_job, "_oracle", oracle)
    monkeypatch.setattr(trainings, "training_places", lambda threads: 1)
    return record


@pytest.fixture
def workers(tmp_path, monkeypatch, trained):
    """Three made-up workers for the next searches; the folder in which they note what they do."""
    folder = tmp_path / "workers"
    folder.mkdir()
    path = os.pathsep.join([str(SHARED), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)

    monkeypatch.setattr(
        trainings, "LocalWorker", partial(LocalWorker, arguments=[str(WORKER), str(folder)])
    )
    return folder


def with_workers(monkeypatch):
    monkeypatch.setattr(trainings, "training_places", lambda threads: 8)


def search(store, spec, **options):
    return run_here(store, "search", spec.to_dict(), study=spec.name, **options)


def evaluated(store, name):
    return [(r.architecture_id, r.evaluation.seed) for r in store.evaluation_records(name)]


def certificate(store, name):
    found = study_certificate(store, name)
    assert verify(found) == []
    return {key: value for key, value in found.items() if key not in ("study", "digests")}


def lines(folder, name):
    path = folder / name
    return path.read_text().splitlines() if path.exists() else []


def test_workers_give_what_one_process_gives(store, spec, trained, workers, monkeypatch):
    search(store, spec)
    assert len(trained) == 14
    assert store.begun(spec.name) == {}
    with_workers(monkeypatch)
    several, steps = replace(spec, name="several"), []
    (workers / "hold").touch()  # until the search waits for all three
    waits = trainings.Trainings._wait

    def wait(self):
        waits(self)
        if len(lines(workers, "began")) >= 3:
            (workers / "hold").unlink(missing_ok=True)

    monkeypatch.setattr(trainings.Trainings, "_wait", wait)
    search(store, several, on_step=steps.append)
    assert "2 more" in {sentence(step).partition(" and ")[2] for step in steps}
    assert max(len(worker_lines(step, now=0.0)) for step in steps) == 3
    assert len(trained) == 14  # nothing more in this process
    assert evaluated(store, "several") == evaluated(store, spec.name)
    assert certificate(store, "several") == certificate(store, spec.name)
    assert Counter(lines(workers, "done")) == Counter(
        f"{a} {s}" for a, s in evaluated(store, "several")
    )
    assert len({line.split()[2] for line in lines(workers, "began")}) == 3
    assert store.begun("several") == {}


def test_another_number_at_once_is_another_study(store, spec, trained):
    search(store, replace(spec, search=replace(spec.search, budget=4)))
    with pytest.raises(StudyConflictError, match="parallel"):
        search(store, replace(spec, search=replace(spec.search, parallel=2)))


def test_a_worker_that_is_killed_is_replaced_and_nothing_else_trained_again(
    store, spec, trained, workers, monkeypatch
):
    search(store, spec)
    with_workers(monkeypatch)
    victim = evaluated(store, spec.name)[6][0]
    (workers / "kill").write_text(victim)
    killed = replace(spec, name="killed")
    search(store, killed)
    assert certificate(store, "killed") == certificate(store, spec.name)
    began = Counter(line.rsplit(" ", 1)[0] for line in lines(workers, "began"))
    assert began.pop(f"{victim} 0") == 2
    assert set(began.values()) == {1}


def test_a_search_that_breaks_goes_on_as_if_it_had_not(store, spec, trained, workers, monkeypatch):
    after = 5
    search(store, spec)
    with_workers(monkeypatch)
    broken, add = replace(spec, name="broken"), store.add_evaluation

    def break_down(*given):
        if len(store.evaluations("broken")) == after:
            raise RuntimeError("the power failed")
        return add(*given)

    with monkeypatch.context() as patched:
        patched.setattr(store, "add_evaluation", break_down)
        with pytest.raises(Exception, match="the power failed"):
            search(store, broken)
    assert len(store.evaluations("broken")) == after
    kept = {f"{name} {e.seed}" for name, done in store.begun("broken").items() for e in done}
    stored = {f"{name} {seed}" for name, seed in evaluated(store, "broken")}
    resume(store, store.jobs()[0].id, detach=False)
    assert certificate(store, "broken") == certificate(store, spec.name)
    began = Counter(line.rsplit(" ", 1)[0] for line in lines(workers, "began"))
    again = {name for name, times in began.items() if times > 1}
    assert not again & (kept | stored)  # what was done is not done again
    assert len(again) <= 3
    assert store.begun("broken") == {}


@pytest.mark.parametrize("way", ["cancelled", "interrupted"])
def test_a_stopped_search_ends_its_workers(store, spec, trained, workers, monkeypatch, way):
    with_workers(monkeypatch)
    (workers / "hang").touch()
    waits, pids = trainings.Trainings._wait, []

    def wait(self):
        waits(self)
        began = lines(workers, "began")
        if len(began) == 3 and not pids:
            pids.extend(int(line.split()[2]) for line in began)
            if way == "interrupted":
                raise KeyboardInterrupt
            store.request_cancel(store.jobs()[0].id)

    monkeypatch.setattr(trainings.Trainings, "_wait", wait)
    with pytest.raises(JobCancelledError):
        search(store, spec)
    assert store.jobs()[0].state is JobState.CANCELLED
    assert len(pids) == 3
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_that_refuses_ends_the_search_with_its_line(
    store, spec, trained, workers, monkeypatch
):
    with_workers(monkeypatch)
    (workers / "refuse").write_text("this worker has torch 1.0, the search torch 2.0")
    with pytest.raises(Exception, match=r"torch 1\.0, the search torch 2\.0") as raised:
        search(store, spec)
    assert isinstance(raised.value.__cause__ or raised.value, WorkerError)
    assert store.jobs()[0].state is JobState.FAILED


def test_seeds_included_ones_and_an_audit_are_trained_by_workers(
    store, spec, trained, workers, monkeypatch
):
    more = replace(
        spec,
        training=replace(spec.training, seeds=2),
        search=replace(spec.search, include=("1-2-48-96",), audit=3, budget=6),
    )
    with pytest.raises(Exception, match="1-2-48-96"):  # it is not in the space
        search(store, more)
    name = SearchSpace.from_dict(spec.space).architecture(0).id
    more = replace(more, search=replace(more.search, include=(name,)))
    search(store, more)
    with_workers(monkeypatch)
    several = replace(more, name="several")
    search(store, several)
    assert certificate(store, "several") == certificate(store, spec.name)
    assert evaluated(store, "several")[:2] == [(name, 0), (name, 1)]
    assert Counter(lines(workers, "done")) == Counter(
        f"{a} {s}" for a, s in evaluated(store, "several")
    )


def pool_of(folder, program):
    log = folder / "log"
    make = partial(LocalWorker, {}, log=log, arguments=["-c", program])
    return WorkerPool(1, make, log=str(log))


def test_a_pool_gives_up_on_a_training_that_ends_its_workers(tmp_path):
    space = SearchSpace.from_dict(made_up_spec("x").space)
    pool = pool_of(tmp_path, "import sys; sys.stdin.readline(); sys.exit('no memory')")
    future = pool.submit(evaluation_message(space.architecture(0), 0))
    with pytest.raises(WorkerError, match=r"3 workers ended .* --parallel"):
        future.result(timeout=60)
    pool.close()
    assert pool.workers == []
    assert (tmp_path / "log").read_text().count("no memory") == 3


def test_closing_ends_a_worker_that_does_not_listen(tmp_path, monkeypatch):
    monkeypatch.setattr("bort.jobs.workers.local.GRACE_S", 0.2)
    space = SearchSpace.from_dict(made_up_spec("x").space)
    deaf = f"import time, pathlib; pathlib.Path({str(tmp_path / 'up')!r}).touch(); time.sleep(600)"
    pool = pool_of(tmp_path, deaf)
    future = pool.submit(evaluation_message(space.architecture(0), 0))
    give_up = time.monotonic() + 60
    while not (tmp_path / "up").exists():
        assert time.monotonic() < give_up
        time.sleep(0.02)
    pid = pool.workers[0].pid
    pool.close()
    with pytest.raises(WorkerError):
        future.result(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
