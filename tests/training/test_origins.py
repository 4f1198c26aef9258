"""A study never mixes trainings of different origins."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_up_study import made_up_profile

from bort.core.errors import StudyConflictError
from bort.core.origin import Origin, check_same_origin
from bort.core.study import LatencySpec, SearchSpec, StudySpec, TaskSpec, TrainingSpec
from bort.jobs import JobCancelledError, resume, run_here
from bort.storage import open_store
from bort.training import origin as origin_module
from bort.training.oracle import ErrorOracle

HERE = Origin(task="a" * 64, device="cpu", processor="AVX2 avx2", threads=2, host="laptop")


def spec_of(place, **training):
    values = {"steps": 4, "source": str(place / "source"), "device": "cpu", "threads": 1}
    return TrainingSpec(**(values | training))


@pytest.fixture
def oracle(task, space, place):
    def build(continues=None, **training):
        return ErrorOracle(task, spec_of(place, **training), space, seed=0, continues=continues)

    return build


def test_an_evaluation_says_what_it_depends_on(oracle, task, source, space):
    made = oracle()
    origin = made.evaluate(space.architecture(0), 0).origin
    assert origin.task == task.digest
    assert origin.source == source.digest
    assert origin.teacher == made.teacher.digest
    assert (origin.device, origin.threads, origin.torch) == ("cpu", 1, torch.__version__)
    assert origin.processor.startswith(torch.backends.cpu.get_cpu_capability())
    assert oracle(continues=origin).origin == origin


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"device": "cuda"}, "device cuda before, cpu now"),
        ({"processor": "NONE none"}, "processor NONE none before, "),
        ({"torch": "1.0"}, "torch 1.0 before, "),
        ({"transformers": "1.0"}, "transformers 1.0 before, "),
        ({"task": "b" * 64}, "task's texts bbbbbbbbbbbb… before, "),
        ({"teacher": "b" * 64}, "teacher bbbbbbbbbbbb… before, "),
        ({"answers": "b" * 64}, "teacher's answers bbbbbbbbbbbb… before, "),
        ({"source": "b" * 64}, "source network bbbbbbbbbbbb… before, "),
    ],
)
def test_what_differs_is_named_with_the_two_ways_on(oracle, changed, told):
    before = replace(oracle().origin, host="elsewhere", **changed)
    with pytest.raises(StudyConflictError) as error:
        oracle(continues=before)
    message = str(error.value)
    assert told in message
    assert message.count(" before, ") == 1
    assert "continue it where nothing differs (it was trained on elsewhere)" in message
    assert "or start another study here: bort search --study NAME" in message


def test_another_number_of_threads_differs(oracle):
    with pytest.raises(StudyConflictError, match="CPU threads 1 before, 2 now"):
        oracle(continues=oracle().origin, threads=2)


def test_nothing_is_taught_before_the_machine_is_compared(oracle, home):
    before = replace(oracle().origin, device="cuda")
    shutil.rmtree(home / "cache" / "teachers")
    with pytest.raises(StudyConflictError, match="device"):
        oracle(continues=before)
    assert not (home / "cache" / "teachers").exists()


def test_the_host_and_what_is_unknown_do_not_count():
    check_same_origin(None, HERE)
    check_same_origin(replace(HERE, host="server"), HERE)
    check_same_origin(Origin(device="cpu"), HERE)


def test_the_teachers_cache_knows_the_device(oracle):
    made = oracle()
    here = made.teacher_context(made.task, made.encoded)
    there = replace(here, device=torch.device("meta"))
    asked = []

    def answers(context):
        def answer(texts, _tokens):
            asked.append(context.device.type)
            return np.zeros((len(texts), 2), dtype=np.float32)

        return lambda: answer

    for context in (here, there, here, there):
        context.answers(("dev",), ["any network"], answers(context), "a teacher")
    assert asked == ["cpu", "meta"]


@pytest.fixture
def interrupted(place, space, tmp_path):
    """A store with a search that was stopped after its second training."""
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        profile = made_up_profile(space)
        store.put_profile(profile.to_dict(), profile.name)
        spec = StudySpec(
            name="reviews",
            space=space.to_dict(),
            task=TaskSpec(task=str(place / "reviews.csv")),
            training=spec_of(place),
            latency=LatencySpec(profile=profile.name),
            search=SearchSpec(budget=4),
        )

        def stop(progress):
            if progress.numbers.get("evaluations") == 2:
                raise KeyboardInterrupt

        with pytest.raises(JobCancelledError):
            run_here(store, "search", spec.to_dict(), study=spec.name, on_step=stop)
        yield store


def test_a_study_does_not_continue_on_another_kind_of_machine(interrupted, monkeypatch):
    monkeypatch.setattr(origin_module, "vector_flags", lambda: ["avx3"])
    with pytest.raises(StudyConflictError, match=r"processor .* avx3 now"):
        resume(interrupted, 1, detach=False)
    assert interrupted.study("reviews").evaluation_count == 2
    monkeypatch.undo()
    resume(interrupted, 1, detach=False)
    assert interrupted.study("reviews").evaluation_count == 4


def test_a_cleared_cache_changes_nothing_on_the_same_machine(interrupted, home):
    shutil.rmtree(home / "cache" / "teachers")
    shutil.rmtree(home / "cache" / "teacher-labels")
    resume(interrupted, 1, detach=False)
    origins = {e.origin for all_ in interrupted.evaluations("reviews").values() for e in all_}
    assert len(origins) == 1


def test_another_teacher_is_not_mixed_in(interrupted):
    found = interrupted.evaluation_records("reviews")[0]
    other = replace(found.evaluation, seed=9, origin=replace(found.evaluation.origin, answers="0"))
    with pytest.raises(StudyConflictError, match="teacher's answers"):
        interrupted.add_evaluation("reviews", found.architecture_id, found.architecture, other)
