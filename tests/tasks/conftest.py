"""Every test has its own home folder, and rows that are not near-duplicates."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("BORT_HOME", str(folder))
    return folder


def unlike_text(number: int) -> str:
    return f"alpha{number} beta{number} gamma{number}"


def unlike_rows(count: int, classes: Sequence[Any] = ("bad", "good")) -> list[dict[str, Any]]:
    return [
        {"text": unlike_text(number), "label": classes[number % len(classes)]}
        for number in range(count)
    ]


Writer = Callable[[Path, list[dict[str, Any]]], None]


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)


WRITERS: dict[str, Writer] = {
    ".csv": write_csv,
    ".tsv": write_csv,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, list[dict[str, Any]]], str]:
    """Write rows to a file with this name and return its path."""

    def write_rows(name: str, rows: list[dict[str, Any]]) -> str:
        path = tmp_path / name
        WRITERS[path.suffix](path, rows)
        return str(path)

    return write_rows


@pytest.fixture
def rows() -> Callable[..., list[dict[str, Any]]]:
    return unlike_rows
