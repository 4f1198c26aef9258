"""Read a user's data file: CSV, TSV, JSONL or Parquet. Guesses nothing but the quoting in TSV."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bort.core.errors import InvalidDataError, UnknownTaskError
from bort.core.files import DATA_ENDINGS
from bort.core.inputs import KeyGivenTwiceError, once, read_input

# Column name to its values, one per row; missing values are None.
Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a file below its header. Blank ones count, so that row numbers are the file's.

    Attributes:
        columns: the wanted columns; a blank row has None in each. Blank rows at the end are cut.
        lines: the line in which each row begins, counted from 1; None in a file without lines.
    """

    columns: Columns
    lines: Sequence[int] | None

    def place(self, row: int) -> str:
        """Say where a row is, for a message; `row` counts from 0."""
        number = row + 1
        line = number if self.lines is None else self.lines[row]
        return f"row {number}" if line == number else f"row {number} (line {line})"


SEPARATORS = (";", "\t", "|")  # of a .csv without commas in its header, as spreadsheets write
LONGEST_HEADER = 1_000_000  # characters in which a separator is looked for
MOST_COLUMNS = 5_000  # reading a wider file takes more than 10 s
csv.field_size_limit(2**27)  # characters; the standard library's 131,072 is less than a book


def read_bytes(path: Path) -> bytes:
    """Read the file's bytes.

    Raises:
        UnknownTaskError: there is no such file.
        InvalidDataError: it is a folder, has an unknown ending, cannot be read, or is empty.
    """
    if path.is_dir():
        raise InvalidDataError(
            f"{path} is a folder; name a file in it ({', '.join(DATA_ENDINGS)}), "
            f"or hub:{path} if datasets.load_dataset can read it"
        )
    if path.suffix.lower() not in DATA_ENDINGS:
        raise InvalidDataError(
            f"{path.name!r} has the ending {path.suffix or '(none)'!r}; "
            f"a data file ends with {', '.join(DATA_ENDINGS)}"
        )
    try:
        content = read_input(path)
    except FileNotFoundError:
        raise UnknownTaskError(
            f"there is no file {path}; check the path (tasks by name: bort data list)"
        ) from None
    except OSError as error:
        raise InvalidDataError(f"cannot read {path}: {error.strerror or error}") from error
    if not content.strip():
        raise InvalidDataError(f"{path} is empty; it needs a header and one text per row")
    return content


def read_lines(path: Path) -> list[str]:
    """Read a plain text file, one text per line. Only the line ends of a file end a line.

    Unicode has more of them, which are part of a text here.

    Raises:
        InvalidDataError: there is no such file, or it is not UTF-8 text.
    """
    try:
        content = read_input(path)
    except FileNotFoundError:
        raise InvalidDataError(f"there is no file {path}; check the path") from None
    except OSError as error:
        raise InvalidDataError(f"cannot read {path}: {error.strerror or error}") from error
    return [line.rstrip("\r\n") for line in io.StringIO(decode(path.name, content), newline="")]


def encodable(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON allows, but no file, tokenizer or terminal."""
    return text.encode("utf-8", "replace").decode()


def read_rows(path: Path, content: bytes, wanted: Sequence[str] | None = None) -> Rows:
    """Parse `content` according to the ending of `path`, and keep the wanted columns, or all.

    Raises:
        InvalidDataError: it cannot be parsed (names the line if possible), or a column is missing
            or appears twice (names the columns found).
    """
    return _READERS[path.suffix.lower()](path.name, content, wanted)


def check_columns(name: str, found: Sequence[str], wanted: Sequence[str] | None) -> Sequence[str]:
    """Return the wanted columns, or all of them for None.

    Raises:
        InvalidDataError: one was not found exactly once, or there are too many.
    """
    if len(found) > MOST_COLUMNS:
        raise InvalidDataError(
            f"{name} has {len(found):,} columns, but at most {MOST_COLUMNS:,} are read; keep those "
            "that are needed"
        )
    counts = Counter(found)
    # Spreadsheets write several columns without a name where there is nothing.
    named = [column for column in found if column or counts[column] == 1]
    asked = named if wanted is None else wanted
    for column in asked:
        if counts[column] == 1:
            continue
        names = ", ".join(repr(other[:60]) for other in found[:12]) or "none"
        problem = "the column {!r} appears twice" if column in found else "there is no column {!r}"
        raise InvalidDataError(
            f"{name}: {problem.format(column)}, found: {names}; "
            + (
                "give each column a name of its own"
                if wanted is None
                else "name the right one with --text (for a task also --label, --split-column, "
                "--where)"
            )
        )
    return asked


def decode(name: str, content: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Raises:
        InvalidDataError: it is something else.
    """
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


def _read_csv(name: str, content: bytes, wanted: Sequence[str] | None) -> Rows:
    text = decode(name, content)
    separator = _separator(text)
    return _read_delimited(name, text, wanted, separator, quoting=csv.QUOTE_MINIMAL)


def _separator(text: str) -> str:
    """Choose what separates the columns: a comma, unless the header has none but another one."""
    header = re.split(r"[\r\n]", text[:LONGEST_HEADER], maxsplit=1)[0]

    def columns(separator: str) -> int:
        return len(next(csv.reader([header], delimiter=separator), []))

    if columns(",") > 1:
        return ","
    return next((one for one in SEPARATORS if columns(one) > 1), ",")


def _read_tsv(name: str, content: bytes, wanted: Sequence[str] | None) -> Rows:
    text = decode(name, content)
    # Many TSV files do not quote: there, a leading quotation mark is part of the text.
    try:
        rows = _read_delimited(name, text, wanted, "\t", quoting=csv.QUOTE_MINIMAL)
    except InvalidDataError:
        return _read_delimited(name, text, wanted, "\t", quoting=csv.QUOTE_NONE)
    if _has_long_cells(rows) and _is_unquoted(text):
        return _read_delimited(name, text, wanted, "\t", quoting=csv.QUOTE_NONE)
    return rows


def _has_long_cells(rows: Rows) -> bool:
    """Return whether a cell holds a separator: it was quoted, or swallowed the rows after it."""
    return any(
        re.search(r"[\t\r\n]", cell or "") for cells in rows.columns.values() for cell in cells
    )


def _is_unquoted(text: str) -> bool:
    """Return whether every line is a row as it stands, with the header's number of cells."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    counts = {len(row) for row in rows if row}
    return len(counts) == 1 and counts != {1}


def _read_delimited(
    name: str, text: str, wanted: Sequence[str] | None, delimiter: str, *, quoting: Literal[0, 3]
) -> Rows:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True
    )
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        header = [column.strip() for column in next(reader, [])]
        asked = check_columns(name, header, wanted)
        line = reader.line_num + 1
        for row in reader:
            if any(row[len(header) :]):
                raise InvalidDataError(
                    f"{name}, line {line}: {len(row)} values, but the header names "
                    f"{len(header)} columns; quote texts that contain the separator"
                )
            rows.append(row)
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise InvalidDataError(f"{name}, line {line}: {error}; check the quotation marks") from None
    while rows and not any(rows[-1]):
        rows.pop()
    places = {column: place for place, column in enumerate(header)}
    columns = {
        column: [row[place] or None if place < len(row) else None for row in rows]
        for column in asked
        for place in (places[column],)
    }
    return Rows(columns, lines)


def _read_jsonl(name: str, content: bytes, wanted: Sequence[str] | None) -> Rows:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(decode(name, content).split("\n"), start=1):
        rows.append(_parse_object(name, number, line) if line.strip() else {})
    while rows and not rows[-1]:
        rows.pop()
    asked = check_columns(name, list(dict.fromkeys(key for row in rows for key in row)), wanted)
    columns = {column: [row.get(column) for row in rows] for column in asked}
    return Rows(columns, range(1, len(rows) + 1))


def _parse_object(name: str, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, object_pairs_hook=once)
    except KeyGivenTwiceError as error:
        raise InvalidDataError(f"{name}, line {number}: {error}; give each key one value") from None
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"
        raise InvalidDataError(
            f"{name}, line {number}: not JSON ({reason}); each line must be one JSON object"
        ) from None
    if not isinstance(row, dict):
        raise InvalidDataError(
            f"{name}, line {number}: {line.strip()[:40]!r} is JSON but not an object; each line "
            "must be one JSON object"
        )
    return row


def _read_parquet(name: str, content: bytes, wanted: Sequence[str] | None) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        asked = check_columns(name, file.schema_arrow.names, wanted)
        # Without threads: one that still ran at exit aborted the process.
        table = file.read(columns=list(asked), use_threads=False)
        columns = {column: _values(name, column, table.column(column)) for column in asked}
        return Rows(columns, lines=None)
    except InvalidDataError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InvalidDataError(f"{name} is not a readable Parquet file: {reason}") from None


def _values(name: str, of: str, column: Any) -> list[Any]:
    """List a column's values; a short fraction is what it would be in a text file, 0.1."""
    import pyarrow as pa

    values: list[Any] = column.to_pylist()
    if pa.types.is_decimal(column.type):
        return [None if value is None else float(value) for value in values]
    if any(isinstance(value, bytes) for value in values):  # some programs do not mark texts as such
        try:
            return [value.decode() if isinstance(value, bytes) else value for value in values]
        except UnicodeDecodeError:
            raise InvalidDataError(
                f"{name}: the column {of!r} contains bytes that are not UTF-8 text; leave it out"
            ) from None
    if pa.types.is_floating(column.type) and column.type.bit_width < 64:
        short = np.dtype(f"f{column.type.bit_width // 8}").type
        return [None if value is None else float(str(short(value))) for value in values]
    return values


_READERS: dict[str, Callable[[str, bytes, Sequence[str] | None], Rows]] = dict(
    zip(DATA_ENDINGS, (_read_csv, _read_tsv, _read_jsonl, _read_parquet), strict=True)
)
