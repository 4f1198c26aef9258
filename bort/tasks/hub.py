"""Tasks that `datasets.load_dataset` can load: `hub:ID[:CONFIG]`, from the hub or a folder."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bort.core.errors import DownloadError, InvalidDataError, MissingExtraError
from bort.tasks.files import check_columns
from bort.tasks.rows import build_table
from bort.tasks.splits import SPLIT_NAMES, SplitName
from bort.tasks.table import Table

PREFIX = "hub:"


@dataclass(frozen=True, slots=True)
class HubData:
    """A loaded data set.

    Attributes:
        task: `hub:ID[:CONFIG]`.
        splits: usable splits by name, each with its rows (`datasets.Dataset`).
    """

    task: str
    splits: Mapping[str, Any]

    @property
    def fingerprints(self) -> dict[str, str]:
        """Return the fingerprint that `datasets` gives each split's content."""
        return {name: rows._fingerprint for name, rows in self.splits.items()}


def load(task: str) -> HubData:
    """Load a data set without running any of its code.

    Raises:
        MissingExtraError: `datasets` is not installed.
        DownloadError: the data set does not exist, or the hub cannot be reached.
        InvalidDataError: the files cannot be read, or no split has a known name.
    """
    name, _, config = task.removeprefix(PREFIX).partition(":")
    if not name:
        raise InvalidDataError(f"{task!r} does not name a data set; write hub:ID or hub:ID:CONFIG")
    loaded = _load(name, config or None)
    splits = {key: rows for key, rows in loaded.items() if key in SPLIT_NAMES}
    if not splits:
        raise InvalidDataError(
            f"{task} has the splits {', '.join(loaded)}; "
            f"only splits called {', '.join(SPLIT_NAMES)} can be used"
        )
    return HubData(task, splits)


def build(data: HubData, text: tuple[str, ...], label: str) -> Table:
    """Turn a loaded data set into rows.

    A split whose labels are all hidden (-1 or missing) counts as absent. If no training split is
    left, all rows are pooled and split again.

    Raises:
        InvalidDataError: a column is missing, or see `build_table`.
    """
    columns: dict[str, list[Any]] = {column: [] for column in (*text, label)}
    preset: list[int] = []
    class_names = None
    for key, rows in data.splits.items():
        check_columns(data.task, rows.column_names, (*text, label))
        class_names = getattr(rows.features[label], "names", None)
        labels = rows[label][:]
        if class_names is not None:
            labels = [None if value == -1 else value for value in labels]
        if all(value is None for value in labels):
            continue
        columns[label] += labels
        for column in text:
            columns[column] += rows[column][:]
        preset += [int(SPLIT_NAMES[key])] * len(labels)
    return build_table(
        data.task,
        [columns[column] for column in text],
        columns[label],
        columns=(text, label),
        class_names=class_names,
        preset=preset if len(set(preset)) > 1 and SplitName.NOWHERE in preset else None,
    )


def _load(name: str, config: str | None) -> Mapping[str, Any]:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError(
            "hub tasks need the package datasets; run: pip install 'bort[train]'"
        ) from None
    if name in getattr(datasets.packaged_modules, "_PACKAGED_DATASETS_MODULES", ()):
        # `datasets` would take this for a file format and read the working directory.
        raise InvalidDataError(
            f"{PREFIX}{name} is a file format, not a data set; use the file itself as the task"
        )
    try:
        with _quiet(datasets):
            loaded: Mapping[str, Any] = datasets.load_dataset(name, config)
    except Exception as error:
        # The loader raises its own exceptions, the hub client's and the file formats'.
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        absent = datasets.exceptions.DatasetNotFoundError
        if isinstance(error, ConnectionError | TimeoutError | absent):
            raise DownloadError(
                f"cannot load {name!r} from the hub ({reason}); check the id and the network, "
                "or use a file"
            ) from error
        raise InvalidDataError(
            f"cannot load {name!r} ({type(error).__name__}: {reason}); "
            "check that datasets.load_dataset can"
        ) from error
    return loaded


@contextmanager
def _quiet(datasets: Any) -> Iterator[None]:
    """Hide progress bars and log lines; the error says what went wrong."""
    had_bars = datasets.utils.is_progress_bar_enabled()
    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    datasets.disable_progress_bars()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if had_bars:
            datasets.enable_progress_bars()
