"""A finished student becomes a model: its folder, its row, and the evidence it rests on."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bort.core.errors import BortError, StoreError, UnknownStudyError
from bort.core.machine.fingerprint import this_machine
from bort.core.study import TaskSpec, suggest_name
from bort.finetuning.classroom import Classroom
from bort.finetuning.model_folder import save_student
from bort.finetuning.realised import (
    against_teacher,
    check_parameters,
    chosen,
    landmark_row,
    plain_row,
    stage_rows,
    students,
    teacher_row,
    tfidf_row,
    with_latency,
)
from bort.finetuning.student import load_weights
from bort.finetuning.units import Finished
from bort.latency.workload import workload_of
from bort.storage import Store, models_folder
from bort.studies.answers import read_answer
from bort.studies.commands import search_command


def publish(
    store: Store,
    job_id: int,
    room: Classroom,
    task: TaskSpec,
    finished: Sequence[Finished],
    *,
    plain: Finished | None,
    latencies: Mapping[str, Any],
) -> dict[str, Any]:
    """Judge the seeds of one architecture, store the best on dev as a model; returns its row.

    Its folder is made among the job's files and moved once it is complete; the row is stored
    after that. Whatever stops this leaves nothing that looks like a model.
    """
    best = finished[chosen(room, finished)]
    architecture = best.unit.architecture
    name = _name(store, job_id, room.spec.study, room.task.name, architecture.id)
    with _room_told():
        folder = best.folder / "model"
        candidate = room.build(architecture, best.unit.seed)
        load_weights(candidate.model, best.folder)
        counted = save_student(folder, room, candidate)
    row = {
        "model": name,
        **_judged(room, finished, best, plain),
        "landmark": landmark_row(counted),
        "predicted": _predicted(store, room.spec.study, architecture.id),
        "parameter_count": check_parameters(room, architecture, counted),
    }
    row = with_latency(row, latencies, room.spec.runtimes, architecture.id)
    evidence = _evidence(store, room, task, latencies)
    with _room_told():
        _put(folder, models_folder() / name)
    store.add_model(
        name,
        job_id=job_id,
        study=room.spec.study,
        task=room.task.name,
        architecture=architecture.as_dict(),
        realised=row,
        evidence=evidence,
    )
    return row


@contextmanager
def _room_told() -> Iterator[None]:
    """A disk that is full is told as such."""
    try:
        yield
    except OSError as error:
        if isinstance(error, BortError):
            raise
        raise StoreError(
            f"the model cannot be written ({error.strerror or error}); make room and resume the "
            "job: what was trained is kept"
        ) from error


def _put(folder: Path, target: Path) -> None:
    """Give a complete folder its name; one that the same job wrote before is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)


def _judged(
    room: Classroom, finished: Sequence[Finished], best: Finished, plain: Finished | None
) -> dict[str, Any]:
    """What was trained, and how good it is beside teacher and baselines."""
    architecture, spec = best.unit.architecture, room.spec
    space_index = room.space.index(architecture)
    stages = stage_rows(finished)
    found = students(room, finished)
    teacher = teacher_row(room)
    return {
        "study": spec.study,
        "task": room.task.name,
        "architecture": architecture.as_dict(),
        "architecture_id": architecture.id,
        "seeds": [done.unit.seed for done in finished],
        **found,
        "teacher": teacher,
        "share_of_teacher": found["audit"]["accuracy"] / teacher["accuracy"],
        "difference_from_teacher": against_teacher(room, finished),
        "plain_student": None if plain is None else plain_row(room, plain),
        "tfidf": tfidf_row(room) if spec.compare else None,
        "effective_parameter_count": int(room.space.effective_parameter_count[space_index]),
        "stages": stages,
        "dev_is_seen": any(done.unit.is_agora for done in finished),
        "seconds": sum(stage["seconds"] for stage in stages),
    }


def _name(store: Store, job_id: int, study: str, task: str, architecture: str) -> str:
    """One per job, task and architecture: a resumed job finds its own again."""
    for model in store.models(job_id=job_id):
        if (model.task, model.architecture_id) == (task, architecture):
            return model.name
    # A study is often called after its task; once is enough.
    stem = (study if study.startswith(task) else suggest_name(task, study))[:50].rstrip("-._")
    return store.free_model_name(f"{stem}-{architecture}")


def _predicted(store: Store, study: str, architecture_id: str) -> dict[str, Any] | None:
    """What the search said of the architecture; None where it never trained it."""
    try:
        points = read_answer(store, study).points
    except UnknownStudyError:
        return None
    point = next((p for p in points if p.id == architecture_id), None)
    return None if point is None else point.as_json()


def _evidence(
    store: Store, room: Classroom, task: TaskSpec, latencies: Mapping[str, Any]
) -> dict[str, Any]:
    """What the model rests on: the search, the data, the recipe, the machine, the commands."""
    spec = room.spec
    return {
        "search": _search(store, spec.study),
        "space": dict(spec.space),
        "data": {
            "task": room.task.name,
            "task_spec": task.to_dict(),
            "title": room.task.title,
            "class_names": list(room.task.class_names),
            "splits": {
                split: len(getattr(room.task, split)) for split in ("train", "dev", "audit")
            },
            "unlabelled": 0 if room.task.pool is None else len(room.task.pool),
            "seed": task.seed,
        },
        "oracle": room.oracle.describe(),
        "recipe": asdict(spec.recipe),
        "max_length": room.encoded.max_length,
        "workload": asdict(workload_of(spec.latency, room.space)),
        "machine": this_machine(["torch", "transformers"], threads=room.oracle.threads).to_dict(),
        "latency": dict(latencies),
        "trained_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _search(store: Store, study: str) -> dict[str, Any] | None:
    try:
        answer = read_answer(store, study).as_json()
    except UnknownStudyError:
        return None
    kept = ("study", "space_size", "evaluations", "certified_epsilon", "goal", "epsilon")
    return {
        "command": search_command(store.study(study).spec),
        **{key: answer[key] for key in (*kept, "weights", "guarantee", "ledger", "latency")},
        "front": [point["id"] for point in answer["front"]],
        "cover": answer["cover"],
    }
