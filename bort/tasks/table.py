"""A task's rows before splitting, and their Parquet file in the cache."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bort.core.errors import InvalidDataError
from bort.core.files import write_atomically
from bort.core.serialise import from_json, to_json

FORMAT = 1  # raise it when the meaning of a column or of the groups changes
_KEY = b"bort"

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RowReport:
    """How many rows were found, used and left out.

    Attributes:
        rows_used: rows that became texts of the task.
        dropped: number of rows left out, by reason.
        documents: number of documents that the texts were cut from; None if they were not.
        groups: number of groups whose rows stay in one split.
        templated: near-duplicates that are spread over all splits, because there are too many to
            keep together.
        is_own_split: the splits are a person's own, so near-duplicates stay where they are.
        other_parts: rows left out because their part is no train, dev or audit, by its name.
        contradicting: rows whose text, but for case and spaces, also occurs with another label.
    """

    rows_read: int
    rows_used: int
    dropped: Mapping[str, int]
    documents: int | None
    groups: int
    templated: int = 0
    is_own_split: bool = False
    other_parts: Mapping[str, int] = field(default_factory=dict)
    contradicting: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The rows of a task, ready to be split.

    Attributes:
        texts: n texts.
        pairs: n second texts, or None.
        labels: shape (n,), positions in `class_names`.
        groups: shape (n,), rows of one group stay in one split.
        class_names: what each label means.
        report: how many rows were used and left out.
        preset: shape (n,), splits published with the data (`SplitName`), or None.
    """

    texts: tuple[str, ...]
    pairs: tuple[str, ...] | None
    labels: Numbers
    groups: Numbers
    class_names: tuple[str, ...]
    report: RowReport
    preset: Numbers | None = None


_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def folded(text: str) -> str:
    """Return the text in lower case with single spaces, and without invisible characters."""
    return " ".join(visible(unicodedata.normalize("NFKC", text).casefold()).split())


def visible(text: str) -> str:
    """Return the text without characters that nobody sees: zero-width ones, soft hyphens, marks of
    direction.
    """
    return _INVISIBLE.sub("", text)


def table_path(folder: Path) -> Path:
    """Return the path of the file with a task's rows."""
    return folder / "table.parquet"


def splits_path(folder: Path, seed: int) -> Path:
    """Return the path of the file with the split of each row, for one seed."""
    return folder / f"splits-{seed}.parquet"


def write_table(path: Path, table: Table) -> None:
    """Write atomically; raises StoreError if that fails."""
    columns: dict[str, Any] = {
        "text": list(table.texts),
        "label": table.labels,
        "group": table.groups,
    }
    if table.pairs is not None:
        columns["pair"] = list(table.pairs)
    if table.preset is not None:
        columns["preset"] = table.preset
    about = {"class_names": table.class_names, "report": to_json(table.report)}
    _write(path, columns, about)


def read_table(path: Path) -> Table | None:
    """Read what `write_table` wrote; None if it is missing, damaged or in another format."""
    found = _read(path)
    if found is None:
        return None
    columns, about = found
    pairs, preset = columns.get("pair"), columns.get("preset")
    report = _report_of(about)
    if report is None:
        return None
    return Table(
        texts=tuple(columns["text"].to_pylist()),
        pairs=None if pairs is None else tuple(pairs.to_pylist()),
        labels=columns["label"].to_numpy().copy(),
        groups=columns["group"].to_numpy().copy(),
        class_names=tuple(about["class_names"]),
        report=report,
        preset=None if preset is None else preset.to_numpy().copy(),
    )


def read_report(path: Path) -> RowReport | None:
    """Read the report without the texts; None as in `read_table`."""
    about = _read_about(path)
    return None if about is None else _report_of(about)


def _report_of(about: Mapping[str, Any]) -> RowReport | None:
    try:
        return from_json(RowReport, about.get("report"), what="a task in the cache")
    except InvalidDataError:
        return None


def write_splits(path: Path, splits: npt.NDArray[np.int8]) -> None:
    """Write one split per row, atomically; raises StoreError if that fails."""
    _write(path, {"split": splits}, {})


def read_splits(path: Path, *, rows: int) -> npt.NDArray[np.int8] | None:
    """Read what `write_splits` wrote for a table of `rows` rows; None as in `read_table`."""
    found = _read(path)
    if found is None:
        return None
    splits: npt.NDArray[np.int8] = found[0]["split"].to_numpy().copy()
    return splits if len(splits) == rows else None


def _write(path: Path, columns: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(dict(columns)).replace_schema_metadata(
        {_KEY: json.dumps({"format": FORMAT, **about}).encode()}
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomically(path, sink.getvalue().to_pybytes())


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = _read_about(path)
    if about is None:
        return None
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError):
        return None
    return {name: table.column(name).combine_chunks() for name in table.column_names}, about


def _read_about(path: Path) -> dict[str, Any] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
        about: dict[str, Any] = json.loads(metadata[_KEY])
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None
    return about if about.get("format") == FORMAT else None
