"""What short trainings say about finished models: rank correlations, regret, what is missed."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from benchmarks.realised.recording import FINISHED, Kind
from bort.core.errors import InvalidDataError

FloatArray = NDArray[np.float64]

SIGNALS = ("dev_error", "final_loss", "mean_loss")  # of a short training
LEAST = 3  # architectures; fewer have no order worth a correlation
RESAMPLES = 2000
NEAR_ONE_EPOCH = 0.1


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlation with its 95% bootstrap interval; None if it is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """The errors of an architecture, means over the seeds."""

    architecture: str
    short_error: float
    finished_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What short trainings of one length are worth.

    Attributes:
        steps, epochs: their length.
        seeds: the seeds that all of `points` have.
        diverged: architectures left out because a training diverged.
        seconds: mean of a training.
        correlations: of each signal with the audit error of the finished model.
        pick: the architecture with the lowest dev error.
        regret: the finished audit error of `pick` minus the lowest.
        shift: the mean of finished audit error minus short dev error.
        median_miss, large_miss: the median and the 90th percentile of what is missed if the
            finished error is predicted as the short one plus `shift`.
    """

    steps: int
    epochs: float
    seeds: int
    diverged: int
    seconds: float
    correlations: Mapping[str, Correlation]
    pick: str
    regret: float
    shift: float
    median_miss: float
    large_miss: float
    points: tuple[Point, ...]

    @property
    def is_first_epoch(self) -> bool:
        """Whether the training passes over the texts once."""
        return abs(self.epochs - 1) < NEAR_ONE_EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a log says.

    Attributes:
        architectures, seeds: those of the finished models.
        finished_seconds: mean of a finished model.
        size: correlation of the number of parameters, which costs no training; larger models
            count as better.
        first_epoch: correlation of the dev error after a training of one epoch, if there is one.
        agreement: mean correlation between the finished audit errors of two seeds; None for one
            seed. A short training cannot be expected to predict a single model better.
        worth: by length, the shortest first.
    """

    architectures: int
    seeds: int
    dev_texts: int
    audit_texts: int
    finished_seconds: float
    size: Correlation
    first_epoch: Correlation | None
    agreement: float | None
    worth: tuple[Worth, ...]


def find(rows: pd.DataFrame) -> Findings:
    """Compute everything that a log says.

    Args:
        rows: as `read_log` returns them. Seeds that only some architectures have are left out.
    Raises:
        InvalidDataError: no architecture has both a finished model and a short training.
    """
    finished = _of(rows, *FINISHED)
    lengths = sorted(rows.loc[rows["kind"] == Kind.SHORT, "budget"].unique())
    found = (_worth(_of(rows, Kind.SHORT, steps), finished) for steps in lengths)
    worth = tuple(one for one in found if one is not None)
    if not worth:
        raise InvalidDataError(
            "the log has no architecture with a short training and a finished model yet; let the "
            "recording go on"
        )
    good = _without(finished, _diverged(finished))
    names, seeds = _complete(good, good)
    errors = _matrix(good, "audit_error", names, seeds)
    size = good.groupby("architecture")["parameter_count"].first()[names].to_numpy(float)
    first = (one.correlations["dev_error"] for one in worth if one.is_first_epoch)
    return Findings(
        architectures=len(names),
        seeds=len(seeds),
        dev_texts=int(rows["dev_texts"].iloc[0]),
        audit_texts=int(rows["audit_texts"].iloc[0]),
        finished_seconds=float(_matrix(good, "seconds", names, seeds).mean()),
        size=correlation(np.repeat(-size[:, None], len(seeds), axis=1), errors),
        first_epoch=next(first, None),
        agreement=_agreement(errors),
        worth=worth,
    )


def _of(rows: pd.DataFrame, kind: Kind, budget: int) -> pd.DataFrame:
    return rows[(rows["kind"] == kind) & (rows["budget"] == budget)]


def _worth(short: pd.DataFrame, finished: pd.DataFrame) -> Worth | None:
    """Compare trainings of one length with finished models; None if no architecture has both."""
    failed = _diverged(pd.concat([short, finished]))
    left_out = set(short["architecture"]) & set(finished["architecture"]) & failed
    short, finished = _without(short, failed), _without(finished, failed)
    names, seeds = _complete(short, finished)
    if not names:
        return None
    audit = _matrix(finished, "audit_error", names, seeds)
    signals = {name: _matrix(short, name, names, seeds) for name in SIGNALS}
    before, after = signals["dev_error"].mean(axis=1), audit.mean(axis=1)
    shift = float((after - before).mean())
    missed = np.abs(after - (before + shift))
    pick = int(np.argmin(before))
    return Worth(
        steps=int(short["budget"].iloc[0]),
        epochs=float(short["epochs"].iloc[0]),
        seeds=len(seeds),
        diverged=len(left_out),
        seconds=float(_matrix(short, "seconds", names, seeds).mean()),
        correlations={name: correlation(values, audit) for name, values in signals.items()},
        pick=names[pick],
        regret=float(after[pick] - after.min()),
        shift=shift,
        median_miss=float(np.median(missed)),
        large_miss=float(np.quantile(missed, 0.9)),
        points=tuple(map(Point, names, map(float, before), map(float, after))),
    )


def _complete(short: pd.DataFrame, finished: pd.DataFrame) -> tuple[list[str], list[int]]:
    """The seeds that the most architectures have, and the architectures that have all of them."""
    keys = ["architecture", "seed"]
    both = short[keys].merge(finished[keys])
    counts = both["seed"].value_counts()
    seeds = sorted(int(seed) for seed in counts.index[counts == counts.max()])
    having = both[both["seed"].isin(seeds)]["architecture"].value_counts(sort=False)
    return [str(name) for name in having.index[having == len(seeds)]], seeds


def _diverged(rows: pd.DataFrame) -> set[str]:
    return set(rows.loc[rows["diverged"] == 1, "architecture"])


def _without(rows: pd.DataFrame, architectures: set[str]) -> pd.DataFrame:
    return rows[~rows["architecture"].isin(architectures)]


def _matrix(rows: pd.DataFrame, column: str, names: list[str], seeds: list[int]) -> FloatArray:
    """The values of a column, shape (architectures, seeds)."""
    table = rows.pivot_table(index="architecture", columns="seed", values=column, dropna=False)
    return table.loc[names, seeds].to_numpy(float)


def _agreement(errors: FloatArray) -> float | None:
    """Compute the mean rank correlation of all pairs of seeds; None if there is no such pair."""
    pairs = combinations(errors.T, 2)
    found = [_rank_correlations(a[None], b[None])[0] for a, b in pairs if len(a) >= LEAST]
    known = [value for value in found if np.isfinite(value)]
    return float(np.mean(known)) if known else None


def correlation(signal: FloatArray, errors: FloatArray) -> Correlation:
    """Compute Spearman's correlation between means over seeds, with a bootstrap interval.

    The bootstrap draws architectures and seeds with replacement, the same for both.

    Args:
        signal, errors: shape (architectures, seeds).
    Returns:
        Nothing but None for fewer than `LEAST` architectures or a constant signal.
    """
    count, seeds = errors.shape
    rng = np.random.default_rng(0)
    value = _rank_correlations(signal.mean(axis=1)[None], errors.mean(axis=1)[None])[0]
    if count < LEAST or not np.isfinite(value):
        return Correlation(None, None, None)
    drawn_seeds = rng.integers(seeds, size=(RESAMPLES, seeds))
    drawn = rng.integers(count, size=(RESAMPLES, count))
    resampled = [
        np.take_along_axis(values[:, drawn_seeds].mean(axis=2).T, drawn, axis=1)
        for values in (signal, errors)
    ]
    low, high = np.nanquantile(_rank_correlations(*resampled), (0.025, 0.975))
    return Correlation(float(value), float(low), float(high))


def _rank_correlations(a: FloatArray, b: FloatArray) -> FloatArray:
    """Spearman's correlation row by row; NaN where a row is constant or not finite."""
    ranks = [stats.rankdata(values, axis=1) for values in (a, b)]
    x, y = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    scale = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    is_known = (scale > 0) & np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    found = np.full(len(a), np.nan)
    found[is_known] = (x * y).sum(axis=1)[is_known] / scale[is_known]
    return found
