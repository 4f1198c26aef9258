"""Load a task from the cache, a file or the hub. Slow steps are cached by content."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bort.core import paths
from bort.core.errors import InvalidDataError, InvalidFieldError, StoreError
from bort.core.paths import expanded
from bort.core.progress import OnStep, ignore
from bort.core.study import TaskSpec
from bort.tasks import files, hub
from bort.tasks.corpora import CORPORA
from bort.tasks.given import here
from bort.tasks.named import folder, named_table, resolve
from bort.tasks.rows import build_table
from bort.tasks.selection import columns_for, own_split, unmet
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
from bort.tasks.task import FEW_TEXTS, UNLABELLED, Split, Task, TaskReport


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
    _check_is_file(name, spec)
    if name in CORPORA:
        title, place = CORPORA[name].title, folder(name)
        table = named_table(name, on_step)
    elif name.startswith(hub.PREFIX):
        title = name
        table, place = _hub_table(name, spec)
    else:
        title = Path(name).name
        table, place = _file_table(here(expanded(name)), spec)
    splits = _splits(table, spec.seed, place, name=title)
    return _assemble(table, splits, spec, name=name, title=title)


def _check_is_file(name: str, spec: TaskSpec) -> None:
    if name not in CORPORA and not name.startswith(hub.PREFIX):
        return
    for field, value in (("split_column", spec.split_column), ("where", spec.where)):
        if value:
            raise InvalidFieldError(
                field,
                f"{field.replace('_', ' ')} chooses rows of a data file, but {name} is not a file; "
                "leave it out",
            )


def _file_table(path: Path, spec: TaskSpec) -> tuple[Table, Path]:
    _check_columns(spec)
    content = files.read_bytes(path)
    others = columns_for(spec)

    def build() -> Table:
        wanted = dict.fromkeys((*spec.text, spec.label, *others))
        rows = files.read_rows(path, content, list(wanted))
        found = rows.columns
        preset, left_out, other_parts = own_split(
            path.name, found, spec, unmet(path.name, found, spec)
        )
        return build_table(
            path.name,
            [found[column] for column in spec.text],
            found[spec.label],
            columns=(spec.text, spec.label),
            place=rows.place,
            preset=preset,
            left_out=left_out,
            other_parts=other_parts,
        )

    key: list[object] = [path.suffix.lower(), spec.text, spec.label]
    if others:
        key += [spec.split_column, spec.where]
    return _built_once(key, content, build)


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
    # 3: blank rows count; class names no longer depend on the format.
    digest = hashlib.sha256(json.dumps([3, key]).encode() + b"\0" + content).hexdigest()
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
        splits = assign_splits(
            table.labels,
            table.groups,
            seed=seed,
            preset=table.preset,
            keeps_preset=table.report.is_own_split,
        )
        check_usable(splits, table.labels, name=name, is_own=table.report.is_own_split)
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
            shared_with_other_split=_shared(table, splits) if table.report.is_own_split else {},
            drawn=_drawn(table),
            scarce=_scarce(table.class_names, parts["train"].labels),
        ),
    )


def _scarce(class_names: tuple[str, ...], labels: npt.NDArray[np.int64]) -> dict[str, int]:
    """Count the training texts of the classes that have few, the scarcest first."""
    counts = np.bincount(labels, minlength=len(class_names))
    order = np.argsort(counts, kind="stable").tolist()
    return {class_names[i]: int(counts[i]) for i in order if 0 < counts[i] < FEW_TEXTS}


def _drawn(table: Table) -> tuple[str, ...]:
    """List the splits that a person's own split lacks, so that they came from training rows."""
    if table.preset is None or not table.report.is_own_split:
        return ()
    wanted = (SplitName.DEV, SplitName.AUDIT)
    return tuple(s.name.lower() for s in wanted if not (table.preset == s).any())


def _shared(table: Table, splits: npt.NDArray[np.int8]) -> dict[str, int]:
    """Count the dev and audit rows with a near-duplicate in another split."""
    used = splits != SplitName.NOWHERE
    lowest = np.full(int(table.groups.max(initial=-1)) + 1, len(SplitName))
    highest = np.full(len(lowest), int(SplitName.NOWHERE))
    np.minimum.at(lowest, table.groups[used], splits[used])
    np.maximum.at(highest, table.groups[used], splits[used])
    is_shared = (lowest < highest)[table.groups] & used
    counts = {
        split.name.lower(): int((is_shared & (splits == split)).sum())
        for split in (SplitName.DEV, SplitName.AUDIT)
    }
    return {name: count for name, count in counts.items() if count}


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
