"""Record short and finished trainings of the same architectures, row by row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from scipy.stats import qmc

from benchmarks.row_log import RowLog, read_rows
from bort.core.architecture import Architecture
from bort.families import SearchSpace
from bort.latency.space import shares


class Kind(StrEnum):
    """What was trained: a candidate as in a search, or a model as `bort finetune` makes it."""

    SHORT = "short"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditions that all rows of a log share; rows from other conditions are rejected.

    Attributes:
        space, task, source, teacher: the first digits of their SHA-256.
        labels: the methods whose answers the candidates learn from.
        recipe: the first digits of the SHA-256 of the recipe of finished models.
        batch_size: texts per step of a short training.
        threads: CPU threads of a training.
    """

    space: str
    task: str
    source: str
    teacher: str
    labels: str
    recipe: str
    initialise: str
    device: str
    batch_size: int
    threads: int
    train_texts: int
    dev_texts: int
    audit_texts: int


class Trained(NamedTuple):
    """The result of a training; what it does not have is None.

    Attributes:
        steps: optimiser steps in all; a short training has as many as its budget.
        final_loss: mean loss of the last tenth of the steps.
        mean_loss: mean loss of all steps.
    """

    steps: int
    dev_error: float | None
    audit_error: float | None
    final_loss: float | None
    mean_loss: float | None
    seconds: float
    diverged: bool


class Budget(NamedTuple):
    """What to train; a finished model has no number of steps of its own."""

    kind: Kind
    steps: int = 0


FINISHED = Budget(Kind.FINISHED)


class Trainer(Protocol):
    """Trains architectures with one seed."""

    def train(self, architecture: Architecture, budget: Budget) -> Trained:
        """Train once; an interrupted training of a finished model continues."""


_RESULTS: Mapping[str, type] = {
    "architecture": str,
    "parameter_count": int,
    "seed": int,
    "kind": str,
    "budget": int,
    "epochs": float,
    "steps": int,
    "dev_error": float,
    "audit_error": float,
    "final_loss": float,
    "mean_loss": float,
    "seconds": float,
    "diverged": int,
}
_DIGITS = 6


class RealisedLog(RowLog):
    """A log with one row per training. Raises as `RowLog` does."""

    def __init__(self, path: Path, conditions: Conditions) -> None:
        super().__init__(path, _RESULTS, asdict(conditions))

    def add(
        self, architecture: Architecture, size: int, seed: int, budget: Budget, found: Trained
    ) -> None:
        """Append one training; `epochs` counts passes over the training texts."""
        shares = int(self.conditions["batch_size"]) / int(self.conditions["train_texts"])
        row = {
            "architecture": architecture.id,
            "parameter_count": size,
            "seed": seed,
            "kind": budget.kind,
            "budget": budget.steps,
            "epochs": budget.steps * shares if budget.kind is Kind.SHORT else None,
            **found._asdict(),
            "diverged": int(found.diverged),
        }
        self.append({n: round(v, _DIGITS) if isinstance(v, float) else v for n, v in row.items()})


def read_log(path: Path) -> pd.DataFrame:
    """Read the rows of a log, whatever its conditions. Raises as `read_rows` does."""
    return read_rows(path, {**_RESULTS, **Conditions.__annotations__})


class Step(NamedTuple):
    """The training that comes next, the count of those done, and the estimated time left."""

    architecture: Architecture
    seed: int
    budget: Budget
    done: int
    total: int
    seconds_left: float | None


def budgets(epochs: Sequence[float], *, usual: int, texts: int, batch_size: int) -> list[Budget]:
    """List what to train for each architecture: short trainings by length, then the model.

    Args:
        epochs: passes over the training texts.
        usual: the steps of a candidate in a search, another short training.
    """
    steps = {usual, *(max(1, round(each * texts / batch_size)) for each in epochs)}
    return [*(Budget(Kind.SHORT, count) for count in sorted(steps)), FINISHED]


def record(
    space: SearchSpace,
    architectures: Sequence[Architecture],
    seeds: Sequence[int],
    wanted: Sequence[Budget],
    log: RealisedLog,
    trainer_of: Callable[[int], Trainer],
) -> Iterator[Step]:
    """Train everything that is not logged yet; yields before each training.

    Finishes one seed before the next, and one architecture before the next, so that a log that is
    cut off is a smaller table.

    Args:
        trainer_of: makes the trainer of a seed; called once for a seed that has work left.
    """
    total = len(architectures) * len(seeds) * len(wanted)
    for seed in seeds:
        left = _left(log, architectures, (seed,), wanted)
        trainer = trainer_of(seed) if left else None
        for architecture, _, budget in left:
            assert trainer is not None
            ahead = _left(log, architectures, seeds, wanted)
            done = total - len(ahead)
            yield Step(architecture, seed, budget, done, total, _seconds(log.rows(), ahead))
            found = trainer.train(architecture, budget)
            size = int(space.parameter_count[space.index(architecture)])
            log.add(architecture, size, seed, budget, found)


def _left(
    log: RealisedLog,
    architectures: Sequence[Architecture],
    seeds: Sequence[int],
    wanted: Sequence[Budget],
) -> list[tuple[Architecture, int, Budget]]:
    rows = log.rows()
    done = set(zip(rows["architecture"], rows["seed"], rows["kind"], rows["budget"], strict=True))
    return [
        (architecture, seed, budget)
        for seed in seeds
        for architecture in architectures
        for budget in wanted
        if (architecture.id, seed, *budget) not in done
    ]


def _seconds(rows: pd.DataFrame, ahead: Sequence[tuple[Architecture, int, Budget]]) -> float | None:
    """Estimate the seconds of these trainings from those with the same budgets, if there are."""
    means = rows.groupby(["kind", "budget"])["seconds"].mean().to_dict()
    if any(tuple(budget) not in means for _, _, budget in ahead):
        return None
    return float(sum(means[tuple(budget)] for _, _, budget in ahead))


def spread(space: SearchSpace, count: int) -> list[Architecture]:
    """Choose architectures that cover each dimension of a space evenly, whatever their errors.

    They are the nearest to the points of a Latin hypercube: with 12 of them, each of six depths
    occurs twice. Several families share the number.
    """
    if len(space.parts) > 1:
        each = zip(space.parts, shares(space, count), strict=True)
        return [a.within(part.family_name) for part, own in each for a in spread(part, own)]
    (part,) = space.parts
    values = list(part.dimensions.values())
    sizes = np.array([len(each) for each in values])
    places = np.stack(
        [np.searchsorted(v, column) for v, column in zip(values, part.values.T, strict=True)],
        axis=1,
    )
    points = qmc.LatinHypercube(len(sizes), rng=0, optimization="random-cd").random(count)
    chosen: dict[int, None] = {}
    for point in np.floor(points * sizes):
        distances = (np.abs(places - point) / sizes).sum(axis=1)
        distances[list(chosen)] = np.inf
        chosen[int(np.argmin(distances))] = None
        if len(chosen) == len(space):
            break
    return [space.architecture(index) for index in chosen]
