"""Load a task from the cache, a file or the hub. Slow steps are cached by content."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bort.core import paths
from bort.core.errors import InvalidDataError, StoreError
from bort.core.progress import OnStep, ignore
from bort.core.study import TaskSpec
from bort.tasks import files, hub
from bort.tasks.corpora import CORPORA
from bort.tasks.named import folder, named_table, resolve
from bort.tasks.rows import build_table
from bort.tasks.splits import SplitName, assign_splits, check_usable, choose_labelled
from bort.tasks.table import (
    Table,
    read_splits,
    read_table,
    splits_path,
    table_path,
    write_splits,
    write_table,
)
from bort.tasks.task import UNLABELLED, Split, Task, TaskReport


def load_task(spec: TaskSpec, *, on_step: OnStep = ignore) -> Task:
    """Load the task that `spec` describes, the same one every time.

    A named task that is not in the cache is prepared first; that needs the network once.

    Args:
        on_step: called with each step while a named task is prepared.
    Raises:
        UnknownTaskError: there is no such named task or file.
        InvalidDataError: the data cannot be used as a task.
        InvalidFieldError: `spec.labelled` does not fit the data.
        DownloadError, StoreError: it could not be fetched or stored.
        MissingExtraError: a hub task needs the package `datasets`.
    Cost: 0.1 s for a prepared task. A file is read on each call; its rows are checked and its
        near-duplicates found once per content (12,000 texts of 217 tokens: 5 s).
    """
    name = resolve(spec.task)
    if name in CORPORA:
        title, place = CORPORA[name].title, folder(name)
        table = named_table(name, on_step)
    elif name.startswith(hub.PREFIX):
        title = name
        table, place = _hub_table(name, spec)
    else:
        title = Path(name).name
        table, place = _file_table(Path(name).expanduser(), spec)
    splits = _splits(table, spec.seed, place, name=title)
    return _assemble(table, splits, spec, name=name, title=title)


def _file_table(path: Path, spec: TaskSpec) -> tuple[Table, Path]:
    _check_columns(spec)
    content = files.read_bytes(path)

    def build() -> Table:
        found = files.read_columns(path, content, (*spec.text, spec.label))
        return build_table(
            path.name,
            [found[column] for column in spec.text],
            found[spec.label],
            columns=(spec.text, spec.label),
        )

    return _built_once([path.suffix.lower(), spec.text, spec.label], content, build)


def _hub_table(name: str, spec: TaskSpec) -> tuple[Table, Path]:
    _check_columns(spec)
    found = hub.load(name)
    return _built_once(
        [name, spec.text, spec.label, found.fingerprints],
        b"",
        lambda: hub.build(found, spec.text, spec.label),
    )


def _check_columns(spec: TaskSpec) -> None:
    if len({*spec.text, spec.label}) <= len(spec.text):
        raise InvalidDataError(
            f"one column is used twice (text {', '.join(spec.text)}; label {spec.label}); "
            "name different ones with --text and --label"
        )


def _built_once(key: object, content: bytes, build: Callable[[], Table]) -> tuple[Table, Path]:
    # 2: the report counts templated rows; before, it had a sentence about them.
    digest = hashlib.sha256(json.dumps([2, key]).encode() + b"\0" + content).hexdigest()
    place = paths.cache() / "data" / digest[:32]
    table = read_table(table_path(place))
    if table is None:
        table = build()
        with suppress(StoreError):  # the cache only saves time here
            write_table(table_path(place), table)
    return table, place


def _splits(table: Table, seed: int, place: Path, *, name: str) -> npt.NDArray[np.int8]:
    # Stored, because another version of numpy might compute different ones.
    path = splits_path(place, seed)
    splits = read_splits(path, rows=len(table.texts))
    if splits is None:
        splits = assign_splits(table.labels, table.groups, seed=seed, preset=table.preset)
        check_usable(splits, table.labels, name=name)
        with suppress(StoreError):
            write_splits(path, splits)
    return splits


def _assemble(
    table: Table, splits: npt.NDArray[np.int8], spec: TaskSpec, *, name: str, title: str
) -> Task:
    train = np.flatnonzero(splits == SplitName.TRAIN)
    hidden = np.empty(0, dtype=np.int64)
    if spec.labelled is not None:
        marked = choose_labelled(table.labels[train], spec.labelled, seed=spec.seed)
        hidden, train = train[~marked], train[marked]
    parts = {
        "train": _part(table, train),
        "dev": _part(table, np.flatnonzero(splits == SplitName.DEV)),
        "audit": _part(table, np.flatnonzero(splits == SplitName.AUDIT)),
    }
    return Task(
        name=name,
        title=title,
        class_names=table.class_names,
        **parts,
        pool=_part(table, hidden, hide_labels=True) if len(hidden) else None,
        report=TaskReport(
            rows=table.report,
            parted_from_published_split=int((splits == SplitName.NOWHERE).sum()),
            classes_absent=_absent(table.class_names, parts),
        ),
    )


def _part(table: Table, rows: npt.NDArray[np.int64], *, hide_labels: bool = False) -> Split:
    picked = rows.tolist()
    return Split(
        texts=tuple(table.texts[row] for row in picked),
        pairs=None if table.pairs is None else tuple(table.pairs[row] for row in picked),
        labels=np.full(len(rows), UNLABELLED) if hide_labels else table.labels[rows],
    )


def _absent(class_names: tuple[str, ...], parts: dict[str, Split]) -> dict[str, list[str]]:
    absent = {
        key: [name for label, name in enumerate(class_names) if label not in part.labels]
        for key, part in parts.items()
    }
    return {key: names for key, names in absent.items() if names}
