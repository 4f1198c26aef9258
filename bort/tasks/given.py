"""Texts and labels that a program passes, kept as a file that a study can read again."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bort.core import paths, shared_files
from bort.core.errors import InvalidDataError
from bort.core.files import whole_file
from bort.core.study import TaskSpec
from bort.tasks.rows import as_label

TEXT, PAIR, LABEL, SPLIT = "text", "second_text", "label", "split"
_PLACE = "the labels"
# Files that we keep under the digest of their content, in any home.
_GIVEN = re.compile(r"texts/texts-[0-9a-f]{12}\.parquet$", re.ASCII)
_UPLOADED = re.compile(r"uploads/[0-9a-f]{16}/[\w-]+\.\w+$", re.ASCII)


def keep_texts(
    columns: Sequence[Sequence[Any]],
    labels: Sequence[Any],
    *,
    splits: Sequence[str] | None = None,
) -> TaskSpec:
    """Write one or two columns of texts and their labels to a file named after its content.

    Args:
        columns: one column of n texts, or two of pairs.
        labels: n texts, whole numbers, numbers or booleans; None if missing.
        splits: n names of splits, train, dev or audit; None divides the rows as usual.
    Returns:
        The task that reads the file.
    Raises:
        InvalidDataError: lengths differ, or a label is of another kind.
        StoreError: the file cannot be written.
    """
    names = (TEXT, PAIR)[: len(columns)]
    _check(columns, labels)
    table = dict(zip((*names, LABEL), (*columns, labels), strict=True))
    content = _parquet(table if splits is None else {**table, SPLIT: splits})
    path = paths.texts() / f"texts-{hashlib.sha256(content).hexdigest()[:12]}.parquet"
    if not path.exists():
        with whole_file(path) as part:
            part.write_bytes(content)
    shared_files.push(path)
    split = None if splits is None else SPLIT
    return TaskSpec(task=str(path), text=names, label=LABEL, split_column=split)


def class_values(path: Path, class_names: Iterable[str]) -> list[Any]:
    """Read the labels that were passed to `keep_texts`, in the order of a task's class names."""
    import pyarrow.parquet as pq

    column = pq.read_table(path, columns=[LABEL], use_threads=False).column(LABEL)
    values = {
        str(as_label(value, _PLACE)): value
        for value in column.unique().to_pylist()
        if value is not None
    }
    folded = {name.casefold(): value for name, value in values.items()}
    return [values[name] if name in values else folded[name.casefold()] for name in class_names]


def is_given(path: str) -> bool:
    """Tell whether a task's file was written by `keep_texts`."""
    return _GIVEN.search(Path(path).as_posix()) is not None


def here(path: Path) -> Path:
    """Find a task's file; a file that another machine's bort keeps is fetched if files are shared.

    Raises:
        StoreError: it cannot be fetched.
    """
    name = path.as_posix()
    kept = _GIVEN.search(name) or _UPLOADED.search(name)
    if kept is None or path.exists():
        return path
    own = paths.home() / kept[0]
    if not own.exists():
        shared_files.fetch(own)
    return own if own.exists() else path


def _check(columns: Sequence[Sequence[Any]], labels: Sequence[Any]) -> None:
    for column in columns:
        if len(column) != len(labels):
            raise InvalidDataError(
                f"there are {len(column):,} texts and {len(labels):,} labels; give one label for "
                "each text"
            )
    seen: dict[str, Any] = {}
    for label in labels:
        name = as_label(label, _PLACE)
        if name is None:
            continue
        other = seen.setdefault(str(name), label)
        if type(other) is not type(label):
            raise InvalidDataError(
                f"the labels {other!r} and {label!r} look the same but are of different types; "
                "use one type for all labels"
            )


def _parquet(columns: dict[str, Sequence[Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pa.table({name: pa.array(values) for name, values in columns.items()})
    except (pa.ArrowException, UnicodeEncodeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InvalidDataError(
            f"texts must be strings, and labels of one type ({reason}); convert them first"
        ) from None
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content
