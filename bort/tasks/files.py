"""Read a user's data file: CSV, TSV, JSONL or Parquet. Nothing is guessed but quotes in TSV."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bort.errors import InvalidDataError, UnknownTaskError

# Column name to its values, one per row; None where a value is missing.
Columns = Mapping[str, Sequence[Any]]

csv.field_size_limit(2**27)  # characters; the standard library's 131,072 is less than a book


def read_bytes(path: Path) -> bytes:
    """The file's content; an error of ours if there is none to read."""
    if path.suffix.lower() not in READERS and not path.is_dir():
        raise InvalidDataError(
            f"{path.name!r} has the ending {path.suffix or '(none)'!r}; "
            f"a data file ends with {', '.join(READERS)}"
        )
    if path.is_dir():
        raise InvalidDataError(
            f"{path} is a folder; name a file in it ({', '.join(READERS)}), "
            f"or hub:{path} if datasets.load_dataset can read it"
        )
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnknownTaskError(
            f"there is no file {path}; check the path (tasks by name: bort data list)"
        ) from None
    except OSError as error:
        raise InvalidDataError(f"cannot read {path}: {error.strerror or error}") from error
    if not content.strip():
        raise InvalidDataError(f"{path} is empty; it needs a text and a label per row")
    return content


def read_columns(path: Path, content: bytes, wanted: Sequence[str]) -> Columns:
    """Parse `content` by the ending of `path` and keep the wanted columns.

    Raises:
        InvalidDataError: it cannot be parsed (with the line where possible), or a column is
            missing (with the columns found).
    """
    found = READERS[path.suffix.lower()](path.name, content)
    for column in wanted:
        if column not in found:
            names = ", ".join(repr(name)[:60] for name in list(found)[:12]) or "none"
            raise InvalidDataError(
                f"{path.name}: there is no column {column!r}, found: {names}; "
                "name columns with --text and --label"
            )
    return {column: found[column] for column in wanted}


def _decode(name: str, content: bytes) -> str:
    if b"\0" in content:
        raise InvalidDataError(f"{name} is a binary file or UTF-16 text; save it as text in UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidDataError(
            f"{name} is not UTF-8 text: byte 0x{content[error.start]:02x} in line {line}; "
            "save it in UTF-8"
        ) from None


def _read_csv(name: str, content: bytes) -> Columns:
    return _read_delimited(name, _decode(name, content), delimiter=",", quoting=csv.QUOTE_MINIMAL)


def _read_tsv(name: str, content: bytes) -> Columns:
    text = _decode(name, content)
    try:
        return _read_delimited(name, text, delimiter="\t", quoting=csv.QUOTE_MINIMAL)
    except InvalidDataError:
        # Many TSV files do not quote, and a text that begins with a quotation mark is just that.
        return _read_delimited(name, text, delimiter="\t", quoting=csv.QUOTE_NONE)


def _read_delimited(name: str, text: str, *, delimiter: str, quoting: int) -> Columns:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True
    )
    rows: list[list[str]] = []
    try:
        header = [column.strip() for column in next(reader)]
        for row in reader:
            if len(row) > len(header):
                raise InvalidDataError(
                    f"{name}, line {reader.line_num}: {len(row)} values, but the header names "
                    f"{len(header)} columns; quote texts that contain the separator"
                )
            if row:
                rows.append(row)
    except csv.Error as error:
        raise InvalidDataError(
            f"{name}, line {reader.line_num}: {error}; check the quotation marks"
        ) from None
    if len(set(header)) < len(header):
        raise InvalidDataError(f"{name}: the header names a column twice: {', '.join(header)[:80]}")
    return {
        column: [row[place] if place < len(row) else None for row in rows]
        for place, column in enumerate(header)
    }


def _read_jsonl(name: str, content: bytes) -> Columns:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(_decode(name, content).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            raise InvalidDataError(
                f"{name}, line {number}: not JSON ({reason}); each line must be one JSON object"
            ) from None
        if not isinstance(row, dict):
            raise InvalidDataError(
                f"{name}, line {number}: a JSON {type(row).__name__}; "
                "each line must be one JSON object"
            )
        rows.append(row)
    columns = {column: None for row in rows for column in row}
    return {column: [row.get(column) for row in rows] for column in columns}


def _read_parquet(name: str, content: bytes) -> Columns:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
        return {column: table.column(column).to_pylist() for column in table.column_names}
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InvalidDataError(f"{name} is not a readable Parquet file: {reason}") from None


READERS: dict[str, Callable[[str, bytes], Columns]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
