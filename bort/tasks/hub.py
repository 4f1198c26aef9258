"""Tasks that `datasets.load_dataset` can load: `hub:ID[:CONFIG]`, from the hub or a folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bort.errors import DownloadError, InvalidDataError, MissingExtraError
from bort.tasks.rows import build_table
from bort.tasks.splits import SplitName
from bort.tasks.table import Table

PREFIX = "hub:"

# A published test split is what audit is for; a published validation split is for looking at.
_MEANING = {
    "train": SplitName.NOWHERE,  # still free: what has no published split is drawn from here
    "validation": SplitName.DEV,
    "valid": SplitName.DEV,
    "dev": SplitName.DEV,
    "test": SplitName.AUDIT,
}


def load_hub_table(task: str, text: tuple[str, ...], label: str) -> Table:
    """Load a data set without running any code of its own.

    A split whose labels are hidden (all -1 or missing) counts as absent. Splits of other names are
    not used.

    Raises:
        MissingExtraError: `datasets` is not installed.
        DownloadError: the hub cannot be reached.
        InvalidDataError: no such data set, columns or splits.
    """
    name, config = _parse(task)
    loaded = _load(name, config)
    splits = {key: rows for key, rows in loaded.items() if key in _MEANING}
    if not splits:
        raise InvalidDataError(
            f"{task}: found the splits {', '.join(loaded)}; one must be called train or test"
        )
    columns: dict[str, list[Any]] = {column: [] for column in (*text, label)}
    preset: list[int] = []
    class_names = None
    for key, rows in splits.items():
        _check_columns(task, rows.column_names, (*text, label))
        labels = rows[label][:]
        if all(value is None or value == -1 for value in labels):
            continue
        class_names = getattr(rows.features[label], "names", None)
        columns[label] += [None if value == -1 else value for value in labels]
        for column in text:
            columns[column] += rows[column][:]
        preset += [int(_MEANING[key])] * len(labels)
    # Without published training rows everything is pooled and divided anew.
    is_pooled = SplitName.NOWHERE not in preset or set(preset) == {SplitName.NOWHERE}
    return build_table(
        task,
        [columns[column] for column in text],
        columns[label],
        columns=(text, label),
        class_names=class_names,
        preset=None if is_pooled else preset,
    )


def _parse(task: str) -> tuple[str, str | None]:
    name, _, config = task.removeprefix(PREFIX).partition(":")
    if not name:
        raise InvalidDataError(f"{task!r} names no data set; write hub:ID or hub:ID:CONFIG")
    return name, config or None


def _check_columns(task: str, found: list[str], wanted: tuple[str, ...]) -> None:
    for column in wanted:
        if column not in found:
            raise InvalidDataError(
                f"{task}: there is no column {column!r}, found: {', '.join(map(repr, found))}; "
                "name columns with --text and --label"
            )


def _load(name: str, config: str | None) -> Mapping[str, Any]:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError(
            "hub tasks need the package datasets; run: pip install 'bort[train]'"
        ) from None
    try:
        with _without_bars(datasets):
            loaded: Mapping[str, Any] = datasets.load_dataset(name, config)
    except Exception as error:
        # The loader raises its own, the hub client's and the file formats' exceptions alike.
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        if isinstance(
            error, ConnectionError | TimeoutError | datasets.exceptions.DatasetNotFoundError
        ):
            raise DownloadError(
                f"cannot load {name!r} from the hub ({reason}); check the id and the network"
            ) from error
        raise InvalidDataError(
            f"cannot load {name!r} ({type(error).__name__}: {reason})"
        ) from error
    return loaded


@contextmanager
def _without_bars(datasets: Any) -> Iterator[None]:
    were_on = datasets.utils.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if were_on:
            datasets.enable_progress_bars()
