"""The texts that a model answers wrongly, read from its task on this machine."""

from collections.abc import Iterable
from typing import NamedTuple

from bort.core.errors import InvalidDataError
from bort.core.paths import expanded
from bort.core.study import TaskSpec
from bort.finetuning.mistakes import Mistake
from bort.finetuning.realised import Evidence
from bort.tasks import list_tasks, load_task, resolve
from bort.tasks.files import read_bytes, read_rows
from bort.tasks.given import here
from bort.tasks.hub import PREFIX
from bort.tasks.rows import as_text


class MistakenText(NamedTuple):
    """A mistake with its text, which has one or two parts."""

    mistake: Mistake
    text: tuple[str, ...]


def mistaken_texts(evidence: Evidence, *, from_hub: bool = True) -> list[MistakenText]:
    """Read the texts of the mistakes that are kept, the most confident first.

    Fetches nothing for a named task. Imports no torch unless the task is from the hub.

    Args:
        from_hub: read tasks from the hub, too.
    Raises:
        InvalidDataError: the task is not on this machine, has changed, or is from the hub.
        BortError: as `load_task` does.
    Cost: as `load_task`.
    """
    if evidence.mistakes is None:
        return []
    spec = TaskSpec.from_dict(evidence.data.task_spec)
    name = resolve(spec.task)
    if name.startswith(PREFIX) and not from_hub:
        raise InvalidDataError(
            f"the texts of {name} are read from the hub; show them in a terminal with: "
            "bort mistakes MODEL"
        )
    if any(task.name == name and not task.prepared for task in list_tasks()):
        raise InvalidDataError(
            f"the texts of {name} are not on this machine; fetch them with: bort data prepare "
            f"{name}"
        )
    task = load_task(spec)
    dev, mistakes = task.dev, evidence.mistakes.kept
    if task.dev_digest != evidence.mistakes.digest or any(one.row >= len(dev) for one in mistakes):
        raise InvalidDataError(
            f"{name} has changed since the model was trained, so its mistakes cannot be found in "
            "it; fine-tune the model again to see them"
        )
    parts = [dev.texts] if dev.pairs is None else [dev.texts, dev.pairs]
    return [MistakenText(one, tuple(column[one.row] for column in parts)) for one in mistakes]


def rows_of_texts(evidence: Evidence) -> dict[tuple[str, ...], list[int]]:
    """Find each text's rows in the task's file, counted from 1; nothing if it is no file.

    Raises:
        BortError: the file cannot be read.
    """
    spec = TaskSpec.from_dict(evidence.data.task_spec)
    name = resolve(spec.task)
    if name.startswith(PREFIX) or any(task.name == name for task in list_tasks()):
        return {}
    path = here(expanded(name))
    columns = read_rows(path, read_bytes(path), list(spec.text)).columns
    found: dict[tuple[str, ...], list[int]] = {}
    for number, cells in enumerate(zip(*(columns[one] for one in spec.text), strict=True), 1):
        text = tuple(_cleaned(cell) for cell in cells)
        found.setdefault(text, []).append(number)
    return found


def _cleaned(cell: object) -> str:
    """Clean a cell as the task did; a row that the task left out may hold anything."""
    try:
        return as_text(cell, "the file") or ""
    except InvalidDataError:
        return ""


def matching(
    texts: Iterable[MistakenText], true: int | None, answer: int | None
) -> list[MistakenText]:
    """Select mistakes by the numbers of true class and answer; None means any."""
    return [
        one
        for one in texts
        if true in (None, one.mistake.true) and answer in (None, one.mistake.answer)
    ]
