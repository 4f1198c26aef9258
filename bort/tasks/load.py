"""Load a task: from the cache, from a file, from the hub; prepare what is not there yet."""

import difflib
import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bort import paths
from bort.errors import InvalidDataError, StoreError, UnknownTaskError
from bort.study import TaskSpec
from bort.tasks import corpora, fetch, files, hub
from bort.tasks.corpora import CORPORA, Corpus
from bort.tasks.rows import build_table
from bort.tasks.splits import SplitName, assign_splits, check_usable, choose_labelled
from bort.tasks.table import (
    Table,
    read_report,
    read_splits,
    read_table,
    write_splits,
    write_table,
)
from bort.tasks.task import UNLABELLED, OnProgress, Split, Task, TaskInfo

DEFAULT_SEED = 0


def load_task(spec: TaskSpec, *, on_progress: OnProgress | None = None) -> Task:
    """Load the task that `spec` describes, the same one every time.

    A named task that is not in the cache is prepared first, which needs the network once.

    Raises:
        UnknownTaskError: neither a named task nor a file.
        InvalidDataError: the data cannot serve as a task.
        InvalidFieldError: `spec.labelled` does not fit the data.
        DownloadError, StoreError: it could not be fetched or stored.
    Cost: 0.1 s for a prepared task. A file is read at each call, its near-duplicates are found
        once per content.
    """
    name = resolve(spec.task)
    if name in CORPORA:
        table, title, folder = _named_table(name, on_progress), CORPORA[name].title, _folder(name)
    elif name.startswith(hub.PREFIX):
        table, title, folder = hub.load_hub_table(name, spec.text, spec.label), name, None
    else:
        table, folder = _file_table(Path(name).expanduser(), spec)
        title = Path(name).name
    splits = _splits(table, spec.seed, folder, name=title)
    return _assemble(table, splits, spec, name=name, title=title)


def resolve(task: str) -> str:
    """The full name of a named task, `hub:...`, or the path of a file.

    `_` is read as `-`, case is ignored, and the beginning of a name is enough where only one task
    begins so.

    Raises:
        UnknownTaskError: none of these; with the names that come close.
    """
    if task.startswith(hub.PREFIX):
        return task
    wanted = task.strip().lower().replace("_", "-")
    if wanted in CORPORA:
        return wanted
    if Path(task).suffix.lower() in files.READERS or Path(task).expanduser().exists():
        return task
    beginnings = [name for name in CORPORA if wanted and name.startswith(wanted)]
    if len(beginnings) == 1:
        return beginnings[0]
    close = difflib.get_close_matches(wanted, CORPORA, n=1)
    hint = f"did you mean {close[0]}? Tasks" if close else "tasks"
    raise UnknownTaskError(
        f"there is no task and no file {task!r}; {hint} are {', '.join(CORPORA)}, "
        f"or a file ending with {', '.join(files.READERS)}, or hub:ID"
    )


def prepare(
    names: Iterable[str] | None = None,
    *,
    on_progress: OnProgress | None = None,
    force: bool = False,
) -> list[TaskInfo]:
    """Fetch, verify, convert and split named tasks; what is there already stays.

    Args:
        names: None means all four.
        on_progress: told of each step.
        force: fetch again what is there.
    Raises:
        UnknownTaskError, DownloadError, StoreError: nothing half-written is left behind.
    Cost: one download of 2.5 MB and about two seconds, however many tasks.
    """
    asked = list(CORPORA) if names is None else [resolve_named(name) for name in names]
    todo = [n for n in dict.fromkeys(asked) if force or read_report(_table_path(n)) is None]
    tell = on_progress or (lambda _done, _total, _message: None)
    if todo:
        total = len(todo) + 1
        tell(0, total, "fetching vaderSentiment 3.3.2")
        members = _fetch_members([CORPORA[name] for name in todo])
        for done, name in enumerate(todo, start=1):
            tell(done, total, f"preparing {name}")
            corpus = CORPORA[name]
            table = corpora.parse(corpus, members[corpus.member])
            write_table(_table_path(name), table)
            _splits(table, DEFAULT_SEED, _folder(name), name=name, renew=True)
        tell(total, total, "done")
    return [_info(CORPORA[name]) for name in dict.fromkeys(asked)]


def resolve_named(name: str) -> str:
    """The full name of a named task; UnknownTaskError for files and hub ids too."""
    found = resolve(name)
    if found not in CORPORA:
        raise UnknownTaskError(
            f"{name!r} needs no preparing, it is read when used; "
            f"tasks to prepare are {', '.join(CORPORA)}"
        )
    return found


def list_tasks() -> list[TaskInfo]:
    """The named tasks, prepared or not; reads the cache's headers, fetches nothing."""
    return [_info(corpus) for corpus in CORPORA.values()]


def _fetch_members(wanted: list[Corpus]) -> dict[str, bytes]:
    archive = fetch.fetch(corpora.DISTRIBUTION)
    what = f"{corpora.DISTRIBUTION.project} {corpora.DISTRIBUTION.version}"
    inner = fetch.read_members(archive, [corpora.INNER_ARCHIVE], what=what)[corpora.INNER_ARCHIVE]
    fetch.check_hash(inner, corpora.INNER_SHA256, what=corpora.INNER_ARCHIVE)
    return fetch.read_members(inner, [c.member for c in wanted], what=corpora.INNER_ARCHIVE)


def _named_table(name: str, on_progress: OnProgress | None) -> Table:
    table = read_table(_table_path(name))
    if table is None:
        prepare([name], on_progress=on_progress, force=True)
        table = read_table(_table_path(name))
    if table is None:
        raise StoreError(f"cannot read back {_table_path(name)}; check the disk")
    return table


def _file_table(path: Path, spec: TaskSpec) -> tuple[Table, Path]:
    if spec.label in spec.text or len(set(spec.text)) < len(spec.text):
        raise InvalidDataError(
            f"text columns {', '.join(spec.text)} and label column {spec.label}: "
            "one column is named twice; name different ones with --text and --label"
        )
    content = files.read_bytes(path)
    key = json.dumps([path.suffix.lower(), spec.text, spec.label]).encode() + b"\0" + content
    folder = paths.cache() / "files" / hashlib.sha256(key).hexdigest()[:32]
    table = read_table(folder / "table.parquet")
    if table is None:
        found = files.read_columns(path, content, (*spec.text, spec.label))
        table = build_table(
            path.name,
            [found[column] for column in spec.text],
            found[spec.label],
            columns=(spec.text, spec.label),
        )
        with suppress(StoreError):  # the cache only saves time here
            write_table(folder / "table.parquet", table)
    return table, folder


def _splits(
    table: Table, seed: int, folder: Path | None, *, name: str, renew: bool = False
) -> npt.NDArray[np.int8]:
    path = None if folder is None else folder / f"splits-{seed}.parquet"
    # Stored, not only computed, so that another version of numpy cannot change them.
    splits = None if path is None or renew else read_splits(path, rows=len(table.texts))
    if splits is None:
        splits = assign_splits(table.labels, table.groups, seed=seed, preset=table.preset)
        check_usable(splits, table.labels, name=name)
        if path is not None:
            with suppress(StoreError):
                write_splits(path, splits)
    return splits


def _assemble(
    table: Table, splits: npt.NDArray[np.int8], spec: TaskSpec, *, name: str, title: str
) -> Task:
    train = np.flatnonzero(splits == SplitName.TRAIN)
    pool = None
    if spec.labelled is not None:
        marked = choose_labelled(table.labels[train], spec.labelled, seed=spec.seed)
        hidden, train = train[~marked], train[marked]
        pool = _split(table, hidden, hide_labels=True) if len(hidden) else None
    parts = {
        "train": _split(table, train),
        "dev": _split(table, np.flatnonzero(splits == SplitName.DEV)),
        "audit": _split(table, np.flatnonzero(splits == SplitName.AUDIT)),
    }
    sizes = {key: len(part) for key, part in parts.items()} | {"pool": len(pool) if pool else 0}
    absent = {
        key: [table.class_names[c] for c in range(len(table.class_names)) if c not in part.labels]
        for key, part in parts.items()
    }
    left_out = int((splits == SplitName.NOWHERE).sum())
    report = {
        **table.report,
        "left_out_near_duplicates": left_out,
        "classes_absent": {key: names for key, names in absent.items() if names},
        "splits": sizes,
        "seed": spec.seed,
    }
    return Task(
        name, title, table.class_names, parts["train"], parts["dev"], parts["audit"], pool, report
    )


def _split(table: Table, rows: npt.NDArray[np.int64], *, hide_labels: bool = False) -> Split:
    labels = np.full(len(rows), UNLABELLED) if hide_labels else table.labels[rows]
    picked = rows.tolist()
    return Split(
        texts=tuple(table.texts[row] for row in picked),
        pairs=None if table.pairs is None else tuple(table.pairs[row] for row in picked),
        labels=labels,
    )


def _info(corpus: Corpus) -> TaskInfo:
    report = read_report(_table_path(corpus.name))
    used = corpus.published - corpus.neutral
    splits = None
    if report is not None:
        found = read_splits(_folder(corpus.name) / f"splits-{DEFAULT_SEED}.parquet", rows=used)
        if found is not None:
            order = (SplitName.TRAIN, SplitName.DEV, SplitName.AUDIT)
            splits = {split.name.lower(): int((found == split).sum()) for split in order}
    return TaskInfo(
        name=corpus.name,
        title=corpus.title,
        prepared=report is not None,
        rows=used,
        dropped={corpora.ZERO_RATING: corpus.neutral},
        class_names=corpora.CLASS_NAMES,
        splits=splits,
        documents=None if report is None else report["documents"],
        provenance=corpus.provenance,
    )


def _folder(name: str) -> Path:
    return paths.cache() / "tasks" / name


def _table_path(name: str) -> Path:
    return _folder(name) / "table.parquet"
