"""A kit: the files that a worker without our disk needs to train as we do.

It has the task's texts and splits, the source network, and the teacher with its answers. Whoever
opens one computes the digests again, so that a damaged file is another origin.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bort.core.baseline import Coverage, Method
from bort.core.errors import InvalidDataError
from bort.core.files import load_arrays, read_json, save_arrays, sha256_of, write_atomically
from bort.core.serialise import from_json, to_json
from bort.tasks import Split, Task
from bort.tasks.task import TaskReport
from bort.training.probabilities import Logits
from bort.training.source import HUB_FILES, SourceNetwork, model_digest, weights_digest
from bort.training.teacher import Teacher

KIT = "kit"  # a folder in that of a job
TASK, SOURCE, TEACHER, ANSWERS = "task.json", "source.json", "teacher.json", "answers.npz"
SPLITS = ("train", "dev", "audit", "pool")
_DAMAGED = "a file in {} is damaged; delete the folder and start again"


class KitFile(NamedTuple):
    """A file of a kit: its name there, its SHA-256, and where it is here."""

    name: str
    sha256: str
    path: Path


def pack(
    folder: Path, task: Task, source: SourceNetwork, teacher: Teacher, *, is_default: bool
) -> list[KitFile]:
    """List the files of a kit; what is no file yet is written to `folder`.

    Args:
        is_default: the source network is the usual one, whose digest is that of its weights.
    Cost: hashes both networks' weights (0.1 s for 90 MB).
    """
    found = pack_texts(folder, task, teacher.logits)
    found += pack_source(folder, source, is_default=is_default)
    facts = {
        "name": teacher.name,
        "digest": teacher.digest,
        "is_source": teacher.is_source,
        "methods": teacher.methods,
        "coverage": to_json(teacher.coverage),
    }
    files = _model_files("teacher", teacher.folder) if teacher.is_source else {}
    return sorted([*found, *_packed(folder, TEACHER, facts, files)])


def pack_source(folder: Path, source: SourceNetwork, *, is_default: bool) -> list[KitFile]:
    """List the files of the source network, which a kit without a teacher has, too."""
    facts = {"name": source.name, "is_default": is_default}
    return _packed(folder, SOURCE, facts, _model_files("source", source.folder))


def _packed(
    folder: Path, name: str, facts: Mapping[str, Any], files: Mapping[str, Path]
) -> list[KitFile]:
    """Write facts to a file, and list it with others."""
    write_atomically(folder / name, json.dumps(facts).encode())
    paths = {name: folder / name, **files}
    return [KitFile(name, sha256_of(path), path) for name, path in paths.items()]


def pack_texts(folder: Path, task: Task, answers: Logits, *, within: str = "") -> list[KitFile]:
    """Write a task's texts and the teacher's answers to `folder`, and list these files of a kit.

    Args:
        within: the folder of the kit that they belong to.
    """
    place = folder / within
    write_atomically(place / TASK, json.dumps(_task_values(task)).encode())
    save_arrays(place / ANSWERS, answers)
    paths = {str(Path(within) / name): place / name for name in (TASK, ANSWERS)}
    return [KitFile(name, sha256_of(path), path) for name, path in paths.items()]


def unpack_texts(folder: Path) -> tuple[Task, Logits]:
    """Read what `pack_texts` wrote; raises as `unpack` does."""
    values, answers = read_json(folder / TASK), load_arrays(folder / ANSWERS)
    if values is None or answers is None:
        raise InvalidDataError(_DAMAGED.format(folder))
    return _task(values), answers


def lay_out(files: Sequence[KitFile], folder: Path) -> None:
    """Make a folder with the files of a kit, for workers on this machine; no file is copied."""
    for file in files:
        place = folder / file.name
        if place != file.path:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(file.path)


def unpack(folder: Path) -> tuple[Task, SourceNetwork, Teacher]:
    """Read a kit whose files are all in `folder`.

    Raises:
        InvalidDataError: a file is missing or damaged.
    """
    task, answers = unpack_texts(folder)
    facts, own = _facts(folder / TEACHER), folder / "teacher"
    teacher = Teacher(
        name=facts["name"],
        folder=own,
        digest=weights_digest(own) if facts["is_source"] else facts["digest"],
        is_source=facts["is_source"],
        logits=answers,
        methods=tuple(map(Method, facts["methods"])),
        baselines=(),
        choices=(),
        coverage=from_json(Coverage | None, facts["coverage"], what="a kit"),  # type: ignore[arg-type]
    )
    return task, unpack_source(folder), teacher


def unpack_source(folder: Path) -> SourceNetwork:
    """Read what `pack_source` wrote; raises as `unpack` does."""
    facts, place = _facts(folder / SOURCE), folder / "source"
    digest = weights_digest(place) if facts["is_default"] else model_digest(place)
    return SourceNetwork(facts["name"], place, digest)


def _facts(path: Path) -> dict[str, Any]:
    found = read_json(path)
    if found is None:
        raise InvalidDataError(_DAMAGED.format(path.parent))
    return found


def _model_files(name: str, folder: Path) -> dict[str, Path]:
    found = {path for pattern in HUB_FILES for path in folder.glob(pattern) if path.is_file()}
    return {f"{name}/{path.name}": path for path in found}


def _task_values(task: Task) -> dict[str, Any]:
    splits = {name: split for name in SPLITS if (split := getattr(task, name)) is not None}
    return {
        "name": task.name,
        "title": task.title,
        "class_names": task.class_names,
        "report": to_json(task.report),
        "splits": {
            name: {"texts": split.texts, "pairs": split.pairs, "labels": split.labels.tolist()}
            for name, split in splits.items()
        },
    }


def _task(values: dict[str, Any]) -> Task:
    splits: dict[str, Any] = {name: _split(split) for name, split in values["splits"].items()}
    return Task(
        name=values["name"],
        title=values["title"],
        class_names=tuple(values["class_names"]),
        report=from_json(TaskReport, values["report"], what="a kit"),
        **{"pool": None, **splits},
    )


def _split(values: dict[str, Any]) -> Split:
    pairs = values["pairs"]
    return Split(
        texts=tuple(values["texts"]),
        pairs=None if pairs is None else tuple(pairs),
        labels=np.array(values["labels"], dtype=np.int64),
    )
