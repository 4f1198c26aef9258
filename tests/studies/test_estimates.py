"""What we can estimate before a start."""

from dataclasses import replace

import pytest
from made_up_study import fill, made_up_profile, made_up_spec

from bort.core.errors import InvalidSpaceError
from bort.core.progress import Progress
from bort.core.study import TaskSpec
from bort.families import SearchSpace, parse_space
from bort.jobs.runtime.process import this_process
from bort.latency.stored import profile_key
from bort.report.plan import estimate_plan
from bort.storage import Store, open_store
from bort.studies.checks import check_study
from bort.studies.estimates import Planned, Work, estimate_study, workers_of
from bort.studies.speeds import (
    Speed,
    candidate_seconds,
    search_seconds,
    step_work,
    training_speed,
)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'bort.db'}")
    with open_store() as opened:
        yield opened


def test_the_first_search_of_a_task_counts_its_teacher(store: Store) -> None:
    spec = made_up_spec("new")
    cost = estimate_study(store, spec)
    assert cost.trains_teacher
    assert cost.teacher_minutes is None  # nothing has been timed here
    fill(store, "tweets-first", budget=6)
    tweets = replace(spec, task=replace(spec.task, task="tweets"))
    cost = estimate_study(store, tweets)
    assert cost.trains_teacher
    assert cost.teacher_minutes is not None
    assert cost.teacher_minutes > 0


def test_a_teacher_that_is_named_or_was_had_costs_nothing(store: Store) -> None:
    fill(store, "first", budget=6)
    spec = made_up_spec("again")
    named = replace(spec, training=replace(spec.training, teacher="mine"))
    answered = replace(spec, training=replace(spec.training, teacher="mine.parquet"))
    for asked in (spec, named, answered):
        cost = estimate_study(store, asked)
        assert not cost.trains_teacher
        assert cost.teacher_minutes == 0.0


def test_several_at_once_take_less_time_and_more_memory(store: Store, monkeypatch) -> None:
    fill(store, "first", budget=6)
    spec = made_up_spec("several", budget=20)
    alone = estimate_study(store, spec)
    monkeypatch.setattr("bort.core.locks.usable_cores", lambda: 8)
    assert workers_of(spec) == 1
    for parallel, threads, workers, faster in ((4, 2, 4, 2.0), (4, 1, 4, 2.0), (16, 2, 4, 4.0)):
        several = replace(
            spec,
            search=replace(spec.search, parallel=parallel),
            training=replace(spec.training, threads=threads),
        )
        assert workers_of(several) == workers
        cost = estimate_study(store, several)
        assert cost.evaluations_at_most == alone.evaluations_at_most == 20
        assert cost.minutes == pytest.approx(
            estimate_study(store, replace(several, search=spec.search)).minutes / faster
        )
        assert cost.memory_bytes > workers * alone.memory_bytes


def works(cost):
    return [stage.work for stage in cost.stages]


def test_the_plan_lists_all_that_will_be_done(store: Store) -> None:
    fill(store, "first", budget=6)
    spec = made_up_spec("again", budget=4, audit=3)
    spec = replace(spec, training=replace(spec.training, source="nowhere"))
    cost = estimate_study(store, replace(spec, task=replace(spec.task, task="tweets")))
    assert works(cost)[0] is Work.FETCH  # the task is not prepared in this home
    assert works(cost)[1:] == [
        *(Work.PREPARE, Work.LATENCY, Work.TEACHER, Work.CANDIDATES, Work.AUDIT, Work.WINNERS)
    ]
    assert cost.total_minutes is None  # of a source network that is not here
    known = dict(estimate_study(store, made_up_spec("again", budget=4, audit=3)).stages)
    assert known[Work.AUDIT] == pytest.approx(3 * known[Work.CANDIDATES] / 4)
    assert known[Work.LATENCY] > 50  # two thirds of a minute of rounds, and building


def test_the_latency_is_looked_up_for_the_classes_of_the_task(store: Store, tmp_path) -> None:
    path = tmp_path / "three.csv"
    rows = [f"alpha{n} beta{n} gamma{n},{'abc'[n % 3]}" for n in range(120)]
    path.write_text("\n".join(["text,label", *rows]))
    spec = replace(made_up_spec("three"), task=TaskSpec(task=str(path)))
    space = SearchSpace.from_dict(spec.space)
    for labels, is_measured in ((2, False), (3, True)):
        profile = replace(made_up_profile(space.with_labels(labels)), name=f"of-{labels}")
        key = profile_key(space.with_labels(labels), spec.latency)
        store.put_profile(profile.to_dict(), profile.name, key=key)
        assert (Work.LATENCY in works(estimate_study(store, spec))) is not is_measured


def test_jobs_that_run_now_are_waited_for(store: Store) -> None:
    before = estimate_study(store, made_up_spec("new"))
    job = store.create_job("search", {})
    store.claim_job(job.id, job.attempt, this_process())
    store.heartbeat(job.id, job.attempt, Progress(1, 9, eta_s=300.0))
    cost = estimate_study(store, made_up_spec("new"))
    assert cost.stages == (Planned(Work.QUEUE, 300.0), *before.stages)
    assert estimate_study(store, made_up_spec("new"), without=job.id).stages == before.stages
    assert estimate_plan(cost).startswith("Plan: wait for other jobs (about 5 min 0 s); ")


def test_a_space_of_models_that_read_no_text_is_refused_first(store: Store) -> None:
    toml = 'family = "mlp"\n[dimensions]\ndepth = [1, 2]\nhidden = [4, 8]\n'
    spec = replace(made_up_spec("mlp"), space=parse_space(toml, "mlp.toml").to_dict())
    with pytest.raises(InvalidSpaceError, match="models of the family 'mlp' do not read text"):
        check_study(spec)
    assert store.studies() == []


def test_trainings_of_a_shared_family_are_a_first_guess(store: Store) -> None:
    spec = made_up_spec("mixed")
    mixed = {
        "name": "mixed",
        "families": [
            {key: spec.space[key] for key in ("family", "dimensions", "fixed")},
            {"family": "static", "dimensions": {"vocabulary": [50, 90], "hidden": [4, 8]}},
        ],
    }
    mixed = replace(spec, space=mixed)
    alone = replace(spec, space={"name": "static", **mixed.space["families"][1], "fixed": {}})
    assert estimate_study(store, mixed).seconds_per_evaluation is None
    fill(store, "first", budget=6)
    assert estimate_study(store, mixed).seconds_per_evaluation > 0
    assert estimate_study(store, alone).seconds_per_evaluation is None


def test_a_search_costs_its_design_and_then_cheap_trainings() -> None:
    spec = made_up_spec("new")
    space, training = SearchSpace.from_dict(spec.space), replace(spec.training, steps=10)
    speed = Speed(per_step=0.0, per_operation=1.0, count=9)

    def seconds(done: int, count: int) -> float:
        return search_seconds(speed, space, training, done=done, count=count)

    mean, largest = candidate_seconds(speed, space, training), 10 * step_work(space, training).max()
    assert seconds(0, len(space)) == pytest.approx(len(space) * mean)
    assert seconds(0, 1) == pytest.approx(largest)  # the design begins with it
    assert seconds(20, 10) < 10 * mean
    assert seconds(0, 1) + seconds(1, 4) == pytest.approx(seconds(0, 5))


def test_each_family_has_its_own_speed(store: Store) -> None:
    fill(store, "first", budget=6)
    spec = made_up_spec("again")
    found = training_speed(store, spec)
    assert found is not None
    assert set(found.families) == {"bert"}
    assert found.count == 5  # of 6; one diverged
    quick = replace(found, families={"bert": Speed(per_step=0.0, per_operation=0.0, count=4)})
    space, training = SearchSpace.from_dict(spec.space), replace(spec.training, steps=10)
    assert candidate_seconds(found, space, training) > 0
    assert candidate_seconds(quick, space, training) == 0
