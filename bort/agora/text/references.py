"""A run's texts as references to its task: a row of a split, and the words that were changed.

A recorded run contains no text of the corpus. Whoever has prepared the task can read its texts.
"""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from bort.agora.loop import Value
from bort.core.errors import InvalidDataError
from bort.tasks import Split, Task

_PARTS = re.compile(r"\w+|\W")
SPLITS = ("train", "pool", "dev")


class References:
    """Turns single texts of a task into references and back.

    Raises:
        InvalidDataError: the task has pairs of texts.
    """

    def __init__(self, task: Task) -> None:
        if task.train.pairs is not None:
            raise InvalidDataError(f"{task.name} has pairs of texts, which cannot be referred to")
        found: dict[str, Split | None] = {name: getattr(task, name) for name in SPLITS}
        self._texts = {name: split.texts for name, split in found.items() if split is not None}
        self._places = {
            text: (name, row)
            for name in reversed(SPLITS)
            for row, text in enumerate(self._texts.get(name, ()))
        }

    def of(self, value: Value, parent: int) -> dict[str, Any]:
        """Refer to a text: a row of a split, or the dev item `parent` with edits.

        Raises:
            InvalidDataError: it is no text.
        """
        if not isinstance(value, str):
            raise InvalidDataError("only texts can be referred to")
        if value in self._places:
            split, row = self._places[value]
            return {"split": split, "row": row}
        edits = changes(self._texts["dev"][parent], value)
        return {"split": "dev", "row": parent, "edits": edits}

    def value(self, reference: Mapping[str, Any]) -> str:
        """Read a reference.

        Raises:
            InvalidDataError: the task has no such row.
        """
        try:
            text = self._texts[reference["split"]][reference["row"]]
        except (KeyError, IndexError):
            raise InvalidDataError(
                f"the task has no row {reference.get('row')} of {reference.get('split')}; it is "
                "not the task that was recorded"
            ) from None
        return changed(text, reference.get("edits", ()))


def changes(before: str, after: str) -> list[list[Any]]:
    """List what differs, by words: where it starts and stops in `before`, and what stands there.

    Examples:
        >>> changes("a good film", "a fine film")
        [[2, 6, 'fine']]
    """
    old, new = _PARTS.findall(before), _PARTS.findall(after)
    starts = [0]
    for part in old:
        starts.append(starts[-1] + len(part))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        [starts[i], starts[j], "".join(new[k:m])]
        for what, i, j, k, m in matcher.get_opcodes()
        if what != "equal"
    ]


def changed(before: str, edits: Any) -> str:
    """Apply what `changes` listed.

    Examples:
        >>> changed("a good film", [[2, 6, "fine"]])
        'a fine film'
    """
    parts, end = list[str](), 0
    for start, stop, text in edits:
        parts += [before[end:start], text]
        end = stop
    return "".join([*parts, before[end:]])


def unread(reference: Mapping[str, Any]) -> str:
    """Write a reference whose task is not here.

    Examples:
        >>> unread({"split": "dev", "row": 3, "edits": [[2, 6, "fine"]]})
        'dev 3, edited'
    """
    edited = ", edited" if reference.get("edits") else ""
    return f"{reference['split']} {reference['row']}{edited}"
