"""Record a benchmark: a log of trainings that grows row by row, and the table made from it.

In a space of several families a row has the dimensions of its own family; the others are blank.
"""

import base64
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.row_log import RowLog
from bort.core.architecture import Architecture
from bort.core.errors import InvalidOptionError
from bort.core.evaluation import Evaluation
from bort.families import SearchSpace
from bort.latency.profile import LatencyProfile


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions that all rows of a log share; rows from other conditions are rejected.

    Attributes:
        space: SHA-256 of the space.
        task: SHA-256 of the task's texts, labels and splits.
        teacher: SHA-256 of the teacher.
        steps: optimiser steps per training; `batch_size` examples each.
        initialise: "inherit" or "scratch".
        threads: CPU threads of the training.
    """

    space: str
    task: str
    teacher: str
    steps: int
    batch_size: int
    initialise: str
    threads: int


_RESULTS: Mapping[str, type] = {
    "error_rate": float,
    "error_se": float,
    "n": int,
    "macro_f1": float,
    "steps_taken": int,
    "attempts": int,
    "diverged": int,
    "seconds": float,
    "wrong_items": str,  # `Evaluation.wrong_items` in base64
}


class RecordingLog(RowLog):
    """A log with one row per training.

    Raises: as `RowLog` does.
    """

    def __init__(self, path: Path, space: SearchSpace, conditions: Conditions) -> None:
        self.dimensions = tuple(space.dimensions)
        # A pandas dtype, because whole numbers of numpy cannot be blank.
        sizes: Any = dict.fromkeys(self.dimensions, pd.Int64Dtype())
        super().__init__(path, {**sizes, "seed": int, **_RESULTS}, asdict(conditions))
        rows = self.trainings()
        self.done = set(zip(rows["id"], rows["seed"], strict=True))

    def trainings(self) -> pd.DataFrame:
        """Read all rows so far, with the `id` of each architecture."""
        rows = self.rows()
        sizes = rows[list(self.dimensions)].to_dict("records")
        filled = [{str(k): int(v) for k, v in row.items() if not pd.isna(v)} for row in sizes]
        return rows.assign(id=[Architecture.of(**row).id for row in filled])

    def add(self, architecture: Architecture, evaluation: Evaluation) -> None:
        """Append one training and write it to disk."""
        self.append(
            {
                **architecture.as_dict(),
                "seed": evaluation.seed,
                "error_rate": evaluation.error_rate,
                "error_se": evaluation.error_se,
                "n": evaluation.n,
                "macro_f1": evaluation.macro_f1,
                "steps_taken": evaluation.steps,
                "attempts": evaluation.attempts,
                "diverged": int(evaluation.diverged),
                "seconds": round(evaluation.seconds, 2),
                "wrong_items": base64.b64encode(evaluation.wrong_items).decode(),
            }
        )
        self.done.add((architecture.id, evaluation.seed))


LOOKS = (0.125, 0.25, 0.5)  # shares of the steps after which dev errors are counted, too
_LOOK: Mapping[str, type] = {"seed": int, "step": int, "error_rate": float}


class CurveLog(RowLog):
    """A log with a row per training and look: its dev error after some of its steps.

    The learning rate falls until the last step, so this is not the error of a shorter training.

    Raises: as `RowLog` does.
    """

    def __init__(self, path: Path, space: SearchSpace, conditions: Conditions) -> None:
        self.dimensions = tuple(space.dimensions)
        sizes: Any = dict.fromkeys(self.dimensions, pd.Int64Dtype())
        super().__init__(path, {**sizes, **_LOOK}, asdict(conditions))

    def add(self, architecture: Architecture, seed: int, curve: Mapping[int, float]) -> None:
        """Append one training's dev errors by step."""
        for step, error in curve.items():
            row = {"seed": seed, "step": step, "error_rate": error}
            self.append({**architecture.as_dict(), **row})


def record(
    space: SearchSpace,
    seeds: Sequence[int],
    log: RecordingLog,
    begin: Callable[[Architecture, int], Callable[[], Evaluation]],
    *,
    rows: Sequence[int] | None = None,
    at_once: int = 1,
) -> Iterator[tuple[Architecture, Evaluation]]:
    """Train every architecture with every seed that is not logged yet; yield each training.

    Args:
        begin: begins a training, and returns what waits for its result.
        rows: only these architectures of the space.
        at_once: how many may have begun. Their results are logged in the same order as of one.

    Finishes one seed before the next, so that a log that is cut off is a table of fewer seeds.
    Within a seed, small and large architectures alternate, so that an estimate of the time left is
    about right halfway.
    """
    chosen = set(range(len(space)) if rows is None else rows)
    order = [space.architecture(i) for i in _alternating(space) if i in chosen]
    missing = ((one, seed) for seed in seeds for one in order if (one.id, seed) not in log.done)
    begun: deque[tuple[Architecture, Callable[[], Evaluation]]] = deque()
    while True:
        begun.extend((one, begin(one, seed)) for one, seed in islice(missing, at_once - len(begun)))
        if not begun:
            return
        architecture, result = begun.popleft()
        evaluation = result()
        log.add(architecture, evaluation)
        yield architecture, evaluation


def spread(space: SearchSpace, count: int) -> list[int]:
    """Choose architectures evenly by size, from each family its share.

    Raises:
        InvalidOptionError: there are not so many, or there would be none of some family.
    """
    families = space.families
    sizes = np.bincount(families)
    ends = np.round(np.cumsum(sizes) * count / len(space)).astype(int)
    if count > len(space) or np.diff(ends, prepend=0).min() < 1:
        raise InvalidOptionError(
            f"--count {count} does not fit this space of {len(space)} architectures in "
            f"{len(sizes)} families; choose more of them, but no more than there are"
        )
    chosen: list[int] = []
    for family, share in enumerate(np.diff(ends, prepend=0).tolist()):
        rows = np.flatnonzero(families == family)
        by_size = rows[np.argsort(space.effective_parameter_count[rows], kind="stable")]
        places = np.linspace(0, len(rows) - 1, share).round().astype(int)
        chosen += by_size[places].tolist()
    return chosen


def table(log: RecordingLog, space: SearchSpace, profile: LatencyProfile | None) -> pd.DataFrame:
    """Make one row per architecture trained with every seed: costs, error per seed, mean error.

    Means exclude diverged trainings; an architecture without any other is left out.

    Returns:
        The dimensions, `parameter_count`, `effective_parameter_count`, with a profile
        `latency_ms`, `latency_low_ms`, `latency_high_ms` (predicted, with the model's interval),
        `error_seed0`, ..., `error_mean`, `error_se` (of the mean: binomial part of n dev
        examples), `macro_f1`, `n`, `steps`, `seconds` (all seeds together).
    """
    rows = log.trainings()
    good = rows[rows["diverged"] == 0]
    errors = good.pivot_table(index="id", columns="seed", values="error_rate").dropna()
    errors.columns = [f"error_seed{seed}" for seed in errors.columns]
    means = good.groupby("id").agg(
        macro_f1=("macro_f1", "mean"), n=("n", "first"), seconds=("seconds", "sum")
    )
    result = errors.join(means)
    result.insert(errors.shape[1], "error_mean", errors.mean(axis=1))
    mean = result["error_mean"]
    result.insert(errors.shape[1] + 1, "error_se", np.sqrt(mean * (1 - mean) / result["n"]))
    result["steps"] = log.conditions["steps"]
    where = np.sort([space.index(space.named(id_)) for id_ in result.index])
    ids = [space.architecture(index).id for index in where]
    known = [_dimensions(space, where), _costs(space, profile).iloc[where]]
    columns = [frame.reset_index(drop=True) for frame in (*known, result.loc[ids])]
    return pd.concat(columns, axis="columns").round(6)


def _dimensions(space: SearchSpace, where: Iterable[int]) -> pd.DataFrame:
    sizes = [space.architecture(index).as_dict() for index in where]
    return pd.DataFrame(sizes, columns=list(space.dimensions), dtype=pd.Int64Dtype())


def _costs(space: SearchSpace, profile: LatencyProfile | None) -> pd.DataFrame:
    costs: dict[str, Any] = {
        "parameter_count": space.parameter_count,
        "effective_parameter_count": space.effective_parameter_count,
    }
    if profile is not None:
        predicted = profile.predict(space)
        costs |= {
            "latency_ms": predicted.median_ms,
            "latency_low_ms": predicted.low_ms,
            "latency_high_ms": predicted.high_ms,
        }
    return pd.DataFrame(costs)


def _alternating(space: SearchSpace) -> list[int]:
    """Order architectures by size: the smallest, the largest, the second smallest, ..."""
    by_size = np.argsort(space.effective_parameter_count, kind="stable")
    turns = [by_size[: (len(by_size) + 1) // 2], by_size[::-1][: len(by_size) // 2]]
    order = np.empty(len(by_size), dtype=np.int64)
    order[0::2], order[1::2] = turns
    return [int(index) for index in order]
