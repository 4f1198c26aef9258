"""Workers on two nodes of a Ray cluster that share no disk: the same search, whatever is lost."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import tiny
from made_up_study import made_up_profile, made_up_spec
from postgres import PROGRAMS, Server
from ray_cluster import Cluster
from ray_driver import make_up

from benchmarks.record.command import _begin, _conditions
from benchmarks.record.recording import RecordingLog, record
from bort.core.errors import InvalidFieldError, MissingExtraError, WorkerError
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.rivals import RivalKind, RivalsSpec
from bort.core.study import SearchSpec, StudySpec, TaskSpec, TrainingSpec
from bort.families import SearchSpace, load_space
from bort.finetuning.setup import prepare
from bort.finetuning.students import students
from bort.jobs import JobState, list_jobs, resume, run_here
from bort.jobs.kinds import rivals, trainings
from bort.jobs.kinds.stages import Part, open_stages
from bort.jobs.workers import cluster as cluster_workers
from bort.jobs.workers.cluster import reach
from bort.report.events import event_sentence
from bort.rivals.comparing import is_made, made, making_of
from bort.search.check.verify import verify
from bort.storage import EventCode, open_store
from bort.studies.answers import study_certificate
from bort.studies.workers import check_workers
from bort.tasks import load_task
from bort.training.oracle import ErrorOracle
from bort.training.stage import stage_result

HERE = Path(__file__).parent
DRIVER = HERE / "ray_driver.py"
TOGETHER = 4


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # sockets need a short path
    (folder / "token").write_text("0123456789abcdef" * 2)
    path = [str(HERE.parent / "shared"), str(HERE.parents[1])]
    values = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
        "RAY_TMPDIR": str(folder),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")]),
    }
    with pytest.MonkeyPatch.context() as patched:
        for name, value in values.items():
            patched.setenv(name, value)
        nodes = Cluster(tmp_path_factory.mktemp("nodes"))
        yield nodes
        nodes.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ready(cluster, monkeypatch):
    monkeypatch.setattr(trainings, "training_places", lambda threads: 1)
    return cluster


def search(store, spec, cluster=None, **options):
    more = {} if cluster is None else {"workers": f"ray:{cluster.address}"}
    run_here(store, "search", {**spec.to_dict(), **more}, study=spec.name, **options)


def evaluated(store, name):
    return [
        (r.architecture_id, replace(r.evaluation, seconds=0.0))
        for r in store.evaluation_records(name)
    ]


def certificate(store, name):
    found = study_certificate(store, name)
    assert verify(found) == []
    return {key: value for key, value in found.items() if key not in ("study", "digests")}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tiny.write_all(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def tiny_study(store, place):
    """A search that really trains; its answer is computed in this process first."""
    space = load_space(str(place / "tiny.toml")).with_labels(2)
    profile = made_up_profile(space)
    store.put_profile(profile.to_dict(), profile.name)
    training = TrainingSpec(
        steps=4, source=str(place / "source"), device="cpu", threads=1, max_length=16
    )
    spec = StudySpec(
        name="here",
        space=space.to_dict(),
        task=TaskSpec(task=str(place / "reviews.csv")),
        training=training,
        search=SearchSpec(budget=5, parallel=TOGETHER),
    )
    return replace(spec, latency=replace(spec.latency, profile=profile.name))


def test_nodes_train_what_one_process_trains(store, tiny_study, ready):
    search(store, tiny_study)
    far = replace(tiny_study, name="far")
    search(store, far, ready)
    assert evaluated(store, "far") == evaluated(store, "here")
    assert certificate(store, "far") == certificate(store, "here")
    for home in ready.homes:  # the teacher came from here
        assert list(home.glob("cache/kits/*/teacher/model.safetensors"))
        assert not (home / "cache" / "teachers").exists()


def test_nodes_record_what_one_process_records(store, tiny_study, ready, tmp_path):
    space = SearchSpace.from_dict(tiny_study.space)
    oracle = ErrorOracle(load_task(tiny_study.task), tiny_study.training, space, seed=0)
    logged = {}
    for name, at_once, workers in (("here", 1, None), ("far", 2, f"ray:{ready.address}")):
        study = replace(tiny_study, search=SearchSpec(parallel=at_once))
        out = tmp_path / f"{name}.csv"
        log = RecordingLog(out, space, _conditions(oracle))
        with _begin(oracle, study, workers, out) as begin:
            done = list(record(space, (0, 1), log, begin, rows=[0, 2], at_once=at_once))
        assert len(done) == 4
        logged[name] = log.rows().drop(columns="seconds")
    assert logged["far"].equals(logged["here"])


def test_nodes_train_the_stages_that_one_process_trains(tiny_study, ready, tmp_path):
    recipe = Recipe(
        stages=("distil", "finetune", "agora"),
        steps=2,
        distil_steps=2,
        copies=1,
        agora_rounds=1,
        evaluations=1,
    )
    pick = "1-2-8-16"
    study = tiny_study.to_dict()
    spec = FineTuneSpec(
        study="here",
        picks=(pick,),
        tasks=(tiny_study.task,),
        training=replace(tiny_study.training, initialise="scratch"),  # which still errs, for Agora
        latency=tiny_study.latency,
        space=study["space"],
        recipe=recipe,
        seeds=2,
        parallel=2,
    )
    setup = prepare(load_task(tiny_study.task), spec)
    heard = []
    listener = SimpleNamespace(
        part=heard.append,
        steps=lambda setup, training, steps: heard.extend(steps),
        end=lambda setup, training, result: heard.append(result.dev_error),
    )
    for name, more in (("here", {}), ("far", {"workers": f"ray:{ready.address}"})):
        context = SimpleNamespace(
            spec={**spec.to_dict(), **more},
            folder=tmp_path / name,
            should_stop=lambda: False,
            report_workers=heard.append,
        )
        (tmp_path / name).mkdir()
        own = replace(spec, parallel=2 if more else 1)
        part = Part(setup, tmp_path / name / "work")
        with open_stages(context, own, [[part]], listener) as stages:
            architecture = setup.space.named(pick)
            [last] = stages.follow([(0, students(setup, architecture))])
        assert len(last) == 2
    for path in (tmp_path / "here" / "work").rglob("*.safetensors"):
        there = tmp_path / "far" / path.relative_to(tmp_path / "here")
        assert there.read_bytes() == path.read_bytes()
        assert stage_result(there.parent)[2:] == stage_result(path.parent)[2:]
    names = [p.name for p in (tmp_path / "far" / "work").rglob("*.*") if p.is_file()]
    assert Counter(names) == {
        **dict.fromkeys(("final.safetensors", "stage.json"), 5),
        **dict.fromkeys(("near-errors.npz", "near-errors.jsonl"), 2),
    }


def test_a_node_makes_the_rival_that_one_process_makes(store, tiny_study, ready, tmp_path):
    training = replace(tiny_study.training, steps=None)
    task, kind = load_task(tiny_study.task), RivalKind.TFIDF
    here = made(kind, replace(making_of(task, training), shared=tmp_path))
    spec = RivalsSpec(training=training, kinds=(kind,), parallel=2)
    context = SimpleNamespace(
        spec={"workers": f"ray:{ready.address}"},
        folder=tmp_path,
        should_stop=lambda: False,
        report_workers=lambda states: None,
    )
    with rivals._workers(context, spec, task) as begin:
        begin(kind)(lambda: None)
    making = making_of(task, training)
    assert is_made(kind, making)
    there = making.shared / here.name
    for file in here.iterdir():
        assert (there / file.name).read_bytes() == file.read_bytes()


@pytest.fixture
def made_up(store, ready, tmp_path, monkeypatch):
    """A search whose errors come from a formula, and the folder where workers note what they do."""
    folder = tmp_path / "workers"
    folder.mkdir()
    make_up(monkeypatch.setattr, folder)
    spec = made_up_spec("here", epsilon=0.25, budget=12, parallel=TOGETHER)
    profile = made_up_profile(SearchSpace.from_dict(spec.space))
    store.put_profile(profile.to_dict(), profile.name)
    spec = replace(spec, latency=replace(spec.latency, profile=profile.name))
    search(store, spec)
    return spec, folder


def began(folder):
    path = folder / "began"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.rsplit(" ", 1)[0] for line in lines]


def when_all_are_busy(monkeypatch, folder, act):
    """Hold every training until all workers have one; then act, and let them go on."""
    when(monkeypatch, folder, lambda: len(began(folder)) >= TOGETHER, act)


def when(monkeypatch, folder, holds, act=lambda: None):
    """Hold every training until a condition holds; then act, and let them go on."""
    (folder / "hold").touch()
    waits = trainings.Trainings._wait

    def wait(self):
        waits(self)
        if (folder / "hold").exists() and holds():
            act()
            (folder / "hold").unlink()

    monkeypatch.setattr(trainings.Trainings, "_wait", wait)


def check_same(store, spec, folder, *, again):
    assert certificate(store, spec.name) == certificate(store, "here")
    assert evaluated(store, spec.name) == evaluated(store, "here")
    counts = Counter(began(folder))
    assert {f"{a} {e.seed}" for a, e in evaluated(store, spec.name)} == set(counts)
    assert sum(counts.values()) - len(counts) <= again  # nothing twice but what was running


def test_a_restarted_cluster_goes_on(store, made_up, ready, monkeypatch):
    here, folder = made_up
    spec = replace(here, name="restarted")
    when_all_are_busy(monkeypatch, folder, lambda: ready.tell("restart"))
    search(store, spec, ready)
    check_same(store, spec, folder, again=TOGETHER)


def test_the_others_do_the_work_of_a_node_that_differs(store, made_up, ready, monkeypatch):
    here, folder = made_up
    (folder / "refuse").write_text("the worker on two cannot train: torch 1.0 there")
    (folder / "refuse-in").write_text(str(ready.homes[1]))
    refused = []

    def heard(event):
        if event.code is EventCode.WORKER_REFUSED:
            refused.append(event_sentence(event))

    spec = replace(here, name="refused")
    when(monkeypatch, folder, lambda: refused and began(folder))
    search(store, spec, ready, on_event=heard)
    assert set(refused) == {(folder / "refuse").read_text()}
    check_same(store, spec, folder, again=0)


def test_a_killed_driver_costs_what_was_running(store, made_up, ready):
    here, folder = made_up
    spec = replace(here, name="killed")
    (folder / "hold").write_text("7")
    job = {**spec.to_dict(), "workers": f"ray:{ready.address}"}
    (folder / "spec.json").write_text(json.dumps(job))
    command = [sys.executable, DRIVER, folder / "spec.json", folder]
    with (folder / "driver.log").open("w") as log:
        driver = subprocess.Popen(command, stdout=log, stderr=log)

    def is_held():  # six are trained, and all others that have begun are held
        if len(began(folder)) <= 6:
            return False
        begun = store.begun("killed")
        held = sum(not results for results in begun.values())
        return len(begun) == TOGETHER and len(began(folder)) == 6 + held

    try:
        until(is_held, driver, folder / "driver.log")
    finally:
        driver.kill()
        driver.wait()
    workers = {int(line.split()[-1]) for line in (folder / "began").read_text().splitlines()}
    (folder / "hold").unlink()
    until(lambda: not any(psutil.pid_exists(worker) for worker in workers))
    [lost] = list_jobs(store, study="killed")
    assert lost.state is JobState.LOST
    resume(store, lost.id, detach=False)
    check_same(store, spec, folder, again=TOGETHER)


@pytest.mark.skipif(not PROGRAMS, reason="BORT_TEST_POSTGRES names no server to start")
def test_two_drivers_share_a_cluster_and_a_database(store, made_up, ready, tmp_path, monkeypatch):
    here, _ = made_up
    half = replace(here, name="half", search=replace(here.search, parallel=TOGETHER // 2))
    search(store, half)
    server = Server()
    try:
        monkeypatch.setenv("BORT_STORE", server.database("common"))
        with open_store() as common:
            profile = made_up_profile(SearchSpace.from_dict(half.space))
            common.put_profile(profile.to_dict(), profile.name)
        drivers = {}
        for name in ("left", "right"):
            mine = tmp_path / name
            mine.mkdir()
            job = {**replace(half, name=name).to_dict(), "workers": f"ray:{ready.address}"}
            (mine / "spec.json").write_text(json.dumps(job))
            command = [sys.executable, DRIVER, mine / "spec.json", mine]
            with (mine / "log").open("w") as log:
                home = {**os.environ, "BORT_HOME": str(mine)}
                drivers[mine] = subprocess.Popen(command, stdout=log, stderr=log, env=home)
            (mine / "hold").touch()
        for mine, driver in drivers.items():  # both have trainings at the same moment
            until(lambda mine=mine: len(began(mine)) == TOGETHER // 2, driver, mine / "log")
        for mine in drivers:
            (mine / "hold").unlink()
        for mine, driver in drivers.items():
            assert driver.wait(240) == 0, (mine / "log").read_text()
            with open_store() as common:
                assert certificate(common, mine.name) == certificate(store, "half")
                assert evaluated(common, mine.name) == evaluated(store, "half")
            assert max(Counter(began(mine)).values()) == 1
    finally:
        server.remove()


# The last that needs both nodes, because it loses one of them.
def test_a_killed_worker_and_a_lost_node_cost_what_was_running(store, made_up, ready, monkeypatch):
    here, folder = made_up
    spec = replace(here, name="lost")
    victim = evaluated(store, "here")[6][0]
    (folder / "kill").write_text(victim)
    when_all_are_busy(monkeypatch, folder, lambda: ready.tell("lose"))
    search(store, spec, ready)
    assert Counter(began(folder))[f"{victim} 0"] in (2, 3)  # 3: again on the node that is lost
    check_same(store, spec, folder, again=1 + 2)


def until(holds, process=None, log=None):
    """Wait for a state, on the slowest machine, while a process lives."""
    give_up = time.monotonic() + 240
    while not holds():
        assert process is None or process.poll() is None, log.read_text()
        assert time.monotonic() < give_up, log.read_text() if log else "it did not happen"
        time.sleep(0.05)


def test_a_cluster_that_does_not_answer_ends_in_a_line(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(cluster_workers, "REACH_S", 3.0)
    with pytest.raises(WorkerError, match=r"127\.0\.0\.1:1 cannot be reached .*within 3 s"):
        reach("127.0.0.1:1", log=tmp_path / "log")


def test_what_is_missing_is_said_before_anything_starts(monkeypatch):
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    check_workers(None)
    with pytest.raises(InvalidFieldError, match="RAY_AUTH_MODE=token"):
        check_workers("ray")
    monkeypatch.setattr("bort.studies.workers.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bort\[ray\]'"):
        check_workers("ray:10.0.0.5:6379")
