"""Write rows to a file for other programs: Parquet, CSV or JSON lines."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bort.core.errors import InvalidOptionError, StoreError
from bort.core.files import whole_file

FORMATS = (".parquet", ".csv", ".jsonl")


def check_format(file: Path) -> None:
    """Pass if rows can be written to a file of this name, where its folder is there.

    Raises:
        InvalidOptionError: it ends with none of `FORMATS`.
        StoreError: there is no such folder.
    """
    if file.suffix not in FORMATS:
        raise InvalidOptionError(
            f"{file.name!r} ends with none of {', '.join(FORMATS)}; name the file accordingly"
        )
    if not file.absolute().parent.is_dir():
        raise StoreError(f"there is no folder {file.parent}; make it first, or name another")


def write_rows(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows to `file` in the format that its name ends with, all of them or nothing.

    Raises:
        InvalidOptionError: a name that ends with none of `FORMATS`.
        StoreError: the file cannot be written.
    """
    check_format(file)
    with whole_file(file, remedy="choose another place") as part:
        if file.suffix == ".jsonl":
            with part.open("w", encoding="utf-8") as lines:
                for row in rows:
                    lines.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            return
        import pandas as pd

        frame = pd.DataFrame.from_records([dict(row) for row in rows])
        if file.suffix == ".parquet":
            frame.to_parquet(part, index=False)
        else:
            frame.to_csv(part, index=False)
