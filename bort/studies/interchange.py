"""A study as rows and as an Optuna study, an Optuna study as rows, and rows as a file."""

import json
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bort.core.errors import (
    BortError,
    InvalidDataError,
    InvalidOptionError,
    MissingExtraError,
    StoreError,
    StudyConflictError,
    first_line,
)
from bort.core.files import check_output, whole_file
from bort.core.size import SizeUnit
from bort.families import SearchSpace
from bort.storage.foreign import is_ours, read_only, tables_of
from bort.storage.urls import shown
from bort.studies.answers import StudyAnswer
from bort.studies.table_columns import OBJECTIVES

KEPT = ("error_se", "n_dev", "macro_f1", "seeds", "w", "is_on_front", "is_in_cover")


def evaluation_rows(answer: StudyAnswer) -> list[dict[str, Any]]:
    """Make one flat row per evaluated architecture, by size; front and cover are marked.

    `bort search --from-table FILE --size parameter_count --latency latency_ms --error error_rate`
    reads the table again.
    """
    rows = []
    for point in answer.points:
        values = point.as_json()
        architecture = values.pop("architecture")
        rows.append(
            {
                "id": values.pop("id"),
                **architecture,
                **values,
                "w": point.w,
                "is_on_front": point.is_on_front,
                "is_in_cover": point.is_in_cover,
            }
        )
    return rows


def to_optuna(answer: StudyAnswer, url: str) -> str:
    """Write a study into an Optuna storage, with three objectives to be minimised.

    Every evaluated architecture becomes a finished trial. If its trainings all diverged, the
    trial has failed.

    Args:
        url: the storage's URL, for example `sqlite:///optuna.db`; created if there is none.
    Returns:
        The Optuna study's name, which is the same as ours.
    Raises:
        MissingExtraError: Optuna is not installed.
        StudyConflictError: the storage has a study of that name.
        StoreError: the storage cannot be opened, or is a store of ours.
    """
    optuna = _optuna()
    check_optuna(url)
    space = SearchSpace.from_dict(answer.spec.space)
    known = {
        name: optuna.distributions.CategoricalDistribution(values)
        for name, values in space.dimensions.items()
    }
    size, *others = OBJECTIVES
    is_counted = answer.spec.size.unit is SizeUnit.PARAMETERS
    objectives = [size if is_counted else "size", *others]
    try:
        study = optuna.create_study(
            study_name=answer.study, storage=url, directions=["minimize"] * len(objectives)
        )
    except optuna.exceptions.DuplicatedStudyError:
        raise StudyConflictError(
            f"{shown(url)} already has an Optuna study {answer.study!r}; choose another storage"
        ) from None
    except Exception as error:  # any driver may raise anything
        raise StoreError(
            f"the Optuna storage {shown(url)} cannot be opened ({shown(first_line(error))})"
        ) from error
    study.set_metric_names(objectives)
    study.set_user_attr("source", "bort")
    for row in evaluation_rows(answer):
        study.add_trial(
            optuna.trial.create_trial(
                params={name: row[name] for name in known if name in row},
                distributions={name: values for name, values in known.items() if name in row},
                values=[row[name] for name in objectives],
                user_attrs={name: row[name] for name in KEPT},
            )
        )
    for label in answer.excluded:
        values = space.named(str(label)).as_dict()
        failed = optuna.trial.TrialState.FAIL
        own = {name: known[name] for name in values}
        study.add_trial(optuna.trial.create_trial(state=failed, params=values, distributions=own))
    return answer.study


@dataclass(frozen=True, slots=True)
class Trials:
    """The finished trials of an Optuna study as rows of a table.

    Attributes:
        rows: parameters and objectives, one flat row per trial. A parameter with the name of an
            objective ends with `_parameter`; one that is None, or that a trial does not have, is
            the text None.
        objectives: their names, in the study's order.
        maximised: those in which more is better.
    """

    rows: list[dict[str, Any]]
    objectives: tuple[str, ...]
    maximised: tuple[str, ...]


def _finite(value: float) -> float | None:
    """A failed trial may have returned infinity."""
    return value if math.isfinite(value) else None


def optuna_trials(source: str, name: str) -> Trials:
    """Read the finished trials of an Optuna study. Nothing is written.

    Args:
        source: the storage's URL, or the path of a journal file.
    Raises:
        MissingExtraError: Optuna is not installed.
        StoreError: no such storage, or no such study in it.
        InvalidDataError: no trial is finished.
    """
    optuna = _optuna()
    try:
        study = optuna.load_study(study_name=name, storage=_to_read(optuna, source))
        names = study.metric_names or [f"value_{i}" for i in range(len(study.directions))]
        done = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    except BortError:
        raise
    except Exception as error:  # KeyError, or anything that a driver raises
        raise StoreError(
            f"there is no Optuna study {name!r} in {shown(source)}, or it is damaged "
            f"({first_line(error)}); check both names"
        ) from error
    if not done:
        raise InvalidDataError(f"the Optuna study {name!r} has no finished trials yet")
    chosen = list(dict.fromkeys(name for trial in done for name in trial.params))
    columns = {p: f"{p}_parameter" if p in names else p for p in chosen}
    rows = [
        {columns[p]: _or_none(trial.params.get(p)) for p in chosen}
        | dict(zip(names, map(_finite, trial.values), strict=True))
        for trial in done
    ]
    maximise = optuna.study.StudyDirection.MAXIMIZE
    return Trials(
        rows=rows,
        objectives=tuple(names),
        maximised=tuple(n for n, d in zip(names, study.directions, strict=True) if d == maximise),
    )


def _or_none(value: Any) -> Any:
    return "None" if value is None else value


def _to_read(optuna: Any, source: str) -> Any:
    """Return the storage for `load_study`, which creates tables where there are none.

    Raises:
        StoreError: it is a file that does not exist, or no Optuna storage.
    """
    if "://" not in source:
        if not Path(source).is_file():
            raise StoreError(f"there is no file {source}; check the path of the journal")
        storages = optuna.storages
        backend = storages.journal.JournalFileBackend(source)
        return storages.JournalStorage(backend)
    if _OPTUNA_TABLE not in tables_of(source):
        raise StoreError(
            f"there is no file {shown(source)}, or it is no Optuna storage; check the address"
        )
    return read_only(source)


_OPTUNA_TABLE = "trial_values"


def check_optuna(url: str) -> None:
    """Check that an Optuna study may be written there: never into another program's tables.

    Raises:
        StoreError: it is a store of ours, or another program's database.
    """
    tables = tables_of(url)
    if is_ours(tables):
        raise StoreError(
            f"{shown(url)} is a store of bort; name another database for Optuna, for example "
            "sqlite:///optuna.db"
        )
    if tables and _OPTUNA_TABLE not in tables:
        raise StoreError(
            f"{shown(url)} is another program's database (it has the table {min(tables)!r}); name "
            "another one for Optuna, for example sqlite:///optuna.db"
        )


def _optuna() -> Any:
    if find_spec("optuna") is None:
        raise MissingExtraError("Optuna is not installed; install it with: pip install optuna")
    optuna: Any = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


FORMATS = (".parquet", ".csv", ".jsonl")


def check_rows(file: Path, *, force: bool = False, read: Iterable[Path] = ()) -> None:
    """Check that rows can be written to a new file of this name. Raises as `check_output`, too.

    Args:
        force, read: as in `check_output`.
    Raises:
        InvalidOptionError: its name ends with none of `FORMATS`.
    """
    _check_format(file)
    check_output(file, force=force, read=read)


def _check_format(file: Path) -> None:
    if file.suffix not in FORMATS:
        raise InvalidOptionError(
            f"{file.name!r} does not end with one of {', '.join(FORMATS)}; rename the file"
        )


def write_rows(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows to `file` in the format that its name ends with, all of them or nothing.

    Raises:
        InvalidOptionError: its name ends with none of `FORMATS`.
        StoreError: the file cannot be written.
    """
    _check_format(file)
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
