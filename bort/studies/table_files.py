"""Read the file of a recorded table. The rows keep the numbers that they have in the file."""

import csv
import io
import json
import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bort.core.errors import InvalidDataError
from bort.core.inputs import KeyGivenTwiceError, once, read_input
from bort.tasks.files import decode

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
BLANKS = ("", "nan", "NaN")  # None and NA are texts: some programs write them for a choice
MOST_COLUMNS = 1_000  # a wider one takes more than 10 s on a slow machine
LONGEST_TEXT = 500
LONGEST_WHOLE = 308  # digits of a whole number that a fraction can hold
UNNAMED = "(column {})"
_DECIMAL_COMMA = re.compile(r'(?:^|;)\s*"?-?\d+,\d+"?\s*(?:;|$)', re.MULTILINE)


def read_frame(path: Path) -> "pd.DataFrame":
    """Read a table; its index is the row number in the file, from 0, blank rows included.

    Raises:
        InvalidDataError: one line on what is wrong.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InvalidDataError(
            f"cannot read {path.name}: a table is a .csv, .tsv, .jsonl or .parquet file; convert it"
        )
    try:
        frame = _parse(path.name, ending, read_input(path))
        _check_lengths(frame)
        return frame
    except InvalidDataError:
        raise
    except OSError as problem:
        raise InvalidDataError(
            f"cannot read the table {path}: {problem.strerror or problem}; check the file"
        ) from None
    except (ValueError, RecursionError, csv.Error) as problem:
        reason = " ".join(str(problem).split())[:200]
        raise InvalidDataError(f"cannot read the table {path}: {reason}; check the file") from None


def _parse(name: str, ending: str, content: bytes) -> "pd.DataFrame":
    if ending == ".parquet":
        return _read_parquet(content)
    text = decode(name, content)
    if ending == ".jsonl":
        return _read_lines(text)
    return _read_text(text, "\t" if ending == ".tsv" else None)


def _check_lengths(frame: "pd.DataFrame") -> None:
    """Refuse texts that fit into no answer; ValueError names the first."""
    for place, name in enumerate(frame.columns, start=1):
        longest = max(
            (len(cell) for cell in [name, *frame[name]] if isinstance(cell, str)), default=0
        )
        if longest > LONGEST_TEXT:
            raise ValueError(
                f"column {place} has a text of {longest:,} characters, but a name or a choice has "
                f"at most {LONGEST_TEXT}"
            )


def _check_width(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise ValueError(
            f"it has {columns:,} columns, but at most {MOST_COLUMNS:,} are read; keep the "
            "objectives and the dimensions"
        )


def _read_parquet(content: bytes) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow.parquet as pq

    _check_width(len(pq.read_schema(io.BytesIO(content)).names))
    frame = pd.read_parquet(io.BytesIO(content)).reset_index(drop=True)
    frame.columns = pd.Index([str(name) for name in frame.columns])
    if len(set(frame.columns)) < len(frame.columns):
        raise ValueError("two columns have one name; give each column a name of its own")
    return frame


def _read_text(text: str, separator: str | None) -> "pd.DataFrame":
    """Read a CSV file; ValueError if its header does not fit its rows."""
    import pandas as pd

    separator = separator or _separator(text)
    records = list(dropwhile(lambda record: record.is_blank, _records(text, separator)))
    if not records:
        raise ValueError("it has no header")
    names = _names(records[0].cells)
    for row, record in enumerate(records):
        if any(record.cells[len(names) :]):
            raise ValueError(
                f"row {row} (line {record.line}) has more fields than its header, which names "
                f"{len(names)}"
            )
    filled = [i for i, record in enumerate(records) if not record.is_blank]
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # fields would be dropped
        try:
            frame = pd.read_csv(
                io.StringIO("".join(records[i].text for i in filled)),
                sep=separator,
                header=0,
                names=names,
                index_col=False,
                decimal="," if separator == ";" and _DECIMAL_COMMA.search(text) else ".",
                skipinitialspace=True,
                keep_default_na=False,
                na_values=list(BLANKS),
            )
        except pd.errors.ParserWarning:
            raise ValueError(
                f"its rows have more fields than its header, which names {len(names)}"
            ) from None
    frame.index = pd.Index([i - 1 for i in filled[1:]])
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = frame[name].map(_finite)
        elif pd.api.types.is_string_dtype(frame[name]):
            frame[name] = frame[name].str.strip()
    return frame


def _finite(value: Any) -> Any:
    """Return infinity for a whole number that is too long for a fraction."""
    try:
        float(value)
    except OverflowError:
        return math.inf
    except ValueError:  # a text
        pass
    return value


def _whole(digits: str) -> float:
    """Return a whole number; infinity if it is too long for a fraction."""
    return int(digits) if len(digits) < LONGEST_WHOLE else math.inf


def _read_lines(text: str) -> "pd.DataFrame":
    """Read one JSON object per line; ValueError if it is none."""
    import pandas as pd

    rows: dict[int, Any] = {}
    for place, line in enumerate(text.split("\n")):
        if not line.strip():
            continue
        try:
            rows[place] = json.loads(line, parse_int=_whole, object_pairs_hook=once)
        except json.JSONDecodeError as error:
            raise ValueError(f"line {place + 1} is not JSON ({error.msg})") from None
        except KeyGivenTwiceError as error:
            raise ValueError(f"line {place + 1}: {error}") from None
        if not isinstance(rows[place], dict):
            raise ValueError(f"line {place + 1} is JSON, but not an object")
    _check_width(len({name for row in rows.values() for name in row}))
    return pd.DataFrame.from_records(list(rows.values()), index=list(rows))


def _separator(text: str) -> str:
    """Return the comma; or what else separates the header's names, if no comma does."""
    header = text.lstrip("\r\n").split("\n", 1)[0]
    return next((mark for mark in (",", ";", "\t") if mark in header), ",")


class _Record(NamedTuple):
    """A row of the file: the line where it begins, its cells, and its text with the line ends."""

    line: int
    cells: list[str]
    text: str

    @property
    def is_blank(self) -> bool:
        return not any(map(str.strip, self.cells))


def _records(text: str, separator: str) -> Iterator[_Record]:
    lines: list[str] = []

    def passing() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            lines.append(line)
            yield line

    reader = csv.reader(passing(), delimiter=separator, skipinitialspace=True, strict=True)
    begun = 1
    try:
        for cells in reader:
            yield _Record(begun, cells, "".join(lines))
            lines.clear()
            begun = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {begun}: {error}, within quotation marks") from None


def _names(header: list[str]) -> list[str]:
    _check_width(len(header))
    bare = [name.replace("\ufeff", "").strip() for name in header]  # of files put together
    names = [name or UNNAMED.format(i + 1) for i, name in enumerate(bare)]
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"two columns are named {repeated[0]!r} in its header")
    return names
