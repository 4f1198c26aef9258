"""The findings of a comparison of arms: mean errors, differences, the gap to the teacher.

[ours] Every arm is run with the same seeds and judged on the same audit items. An interval over
seeds alone would ignore that other items could have been drawn, and vice versa. So we resample both
(a two-level bootstrap), with the same draws for both sides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from bort.agora.loop.values import BoolArray, FloatArray
from bort.agora.text.spec import AGORA, DOUBLE, HALF, PLAIN, RANDOM
from bort.core.serialise import from_json, to_json

DRAWS = 4000
PAIRS = (
    (PLAIN, RANDOM),
    (PLAIN, AGORA),
    (RANDOM, AGORA),
    (RANDOM + DOUBLE, AGORA),
    (RANDOM, AGORA + HALF),
    (RANDOM + HALF, AGORA + HALF),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """One student of one arm.

    Attributes:
        arm: "plain", "random", "agora", "random-half", "agora-half", or "random-double".
        seed: the seed of everything random in the arm.
        added: number of points added to the labelled texts.
        steps: optimiser steps, all trainings together.
        dev_error, audit_error: 0..1.
        wrong: which audit items are wrong, one bit each, hexadecimal.
        curve: for Agora, the points added so far and the audit error after each round.
        seconds: time for training and sampling.
    """

    arm: str
    seed: int
    added: int
    steps: int
    dev_error: float
    audit_error: float
    wrong: str
    curve: tuple[tuple[int, float], ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95% interval; NaN if unknown."""

    value: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether there is an estimate."""
        return bool(np.isfinite(self.value))


@dataclass(frozen=True, slots=True)
class Difference:
    """The audit error of `arm` minus the error of `baseline`: below 0, `arm` is better."""

    baseline: str
    arm: str
    error: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMean:
    """Means of one arm over its seeds."""

    seeds: int
    dev_error: float
    audit_error: float
    added: float
    steps: float


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of a comparison over the seeds that every arm has finished.

    Attributes:
        teacher_audit_error: the teacher's audit error, 0..1.
        differences: one for each of `PAIRS` that was run.
        gap_closed: by arm, the share of the gap between plain training and the teacher.
    """

    means: Mapping[str, ArmMean]
    teacher_audit_error: float
    differences: tuple[Difference, ...]
    gap_closed: Mapping[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON, as `bort agora run --ablate --json` prints it."""
        return {
            "means": to_json(self.means),
            "teacher_audit_error": self.teacher_audit_error,
            "differences": [
                {"from": d.baseline, "to": d.arm, **_interval_to_dict("difference", d.error)}
                for d in self.differences
            ],
            "gap_closed": {
                arm: _interval_to_dict("share", share) for arm, share in self.gap_closed.items()
            },
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Findings":
        """Read what `to_dict` wrote; other keys are ignored."""
        return cls(
            from_json(dict[str, ArmMean], values["means"], what="the comparison"),
            values["teacher_audit_error"],
            tuple(
                Difference(row["from"], row["to"], _interval_from_dict("difference", row))
                for row in values["differences"]
            ),
            {arm: _interval_from_dict("share", row) for arm, row in values["gap_closed"].items()},
        )


def findings(results: Sequence[ArmResult], teacher_wrong: BoolArray) -> Findings:
    """Compute means, differences and gaps; intervals are paired over seeds and items.

    Args:
        teacher_wrong: shape (items,), marks the audit items that the teacher gets wrong.
    """
    results = _on_common_seeds(results)
    wrong = _wrong(results, items=len(teacher_wrong))
    rng = np.random.default_rng(0)
    return Findings(
        _means(results),
        float(np.mean(teacher_wrong)),
        tuple(
            Difference(one, other, error_difference(wrong[one], wrong[other], rng))
            for one, other in PAIRS
            if one in wrong and other in wrong
        ),
        {
            arm: gap_closed(wrong[PLAIN], wrong[arm], teacher_wrong[None], rng)
            for arm in (RANDOM + HALF, RANDOM, AGORA + HALF, AGORA)
            if PLAIN in wrong and arm in wrong
        },
    )


def packed(wrong: BoolArray) -> str:
    """Write one bit per item as hexadecimal."""
    return np.packbits(wrong).tobytes().hex()


def unpacked(wrong: str, items: int) -> BoolArray:
    """Read what `packed` wrote, shape (items,)."""
    bits = np.frombuffer(bytes.fromhex(wrong), dtype=np.uint8)
    return np.unpackbits(bits, count=items).astype(np.bool_)


def error_difference(
    first: BoolArray, second: BoolArray, rng: np.random.Generator, *, draws: int = DRAWS
) -> Interval:
    """Estimate how much more often `second` is wrong than `first`.

    Args:
        first, second: shape (seeds, items), mark the items that each seed's student gets wrong;
            the same seeds and items in the same order.
    Returns:
        The mean difference of the error rates: below 0, `second` is better.
    """
    _check(first, second)
    by_draw = _drawn([first, second], rng, draws)
    return _interval(float(second.mean() - first.mean()), by_draw[1] - by_draw[0])


def gap_closed(
    plain: BoolArray,
    better: BoolArray,
    teacher: BoolArray,
    rng: np.random.Generator,
    *,
    draws: int = DRAWS,
) -> Interval:
    """Estimate the share of the gap between plain training and the teacher that `better` closes.

    Args:
        plain, better: shape (seeds, items).
        teacher: shape (1, items) or (seeds, items).
    Returns:
        1 if `better` is as good as the teacher; NaN if the teacher is no better than plain
        training.
    """
    _check(plain, better)
    whole = np.broadcast_to(teacher, plain.shape)
    errors = _drawn([plain, better, whole], rng, draws)
    means = [part.mean() for part in (plain, better, whole)]
    shares = _share(*(np.asarray([mean]) for mean in means)), _share(*errors)
    return _interval(float(shares[0][0]), shares[1])


def _share(plain: FloatArray, better: FloatArray, teacher: FloatArray) -> FloatArray:
    way = plain - teacher
    share: FloatArray = np.divide(
        plain - better, way, out=np.full(way.shape, np.nan), where=way > 0
    )
    return share


def _drawn(sides: list[BoolArray], rng: np.random.Generator, draws: int) -> list[FloatArray]:
    """Resample seeds and items; return each side's error rates, shape (draws,)."""
    seeds, items = sides[0].shape
    weights = rng.multinomial(items, np.full(items, 1 / items), size=draws) / items
    chosen = rng.integers(0, seeds, size=(draws, seeds))
    places = np.arange(draws)[:, None]
    return [(side @ weights.T).T[places, chosen].mean(axis=1) for side in sides]


def _interval(value: float, draws: FloatArray) -> Interval:
    known = draws[np.isfinite(draws)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Interval(value, float(low), float(high))


def _check(first: BoolArray, second: BoolArray) -> None:
    if first.shape != second.shape or first.ndim != 2 or not first.size:
        raise ValueError(
            f"both sides need the same seeds and items, got {first.shape} and {second.shape}"
        )


def _wrong(results: Sequence[ArmResult], *, items: int) -> dict[str, BoolArray]:
    """Mark the items that each arm's students get wrong, (seeds, items), for the same seeds."""
    seeds: dict[str, dict[int, BoolArray]] = {}
    for row in results:
        seeds.setdefault(row.arm, {})[row.seed] = unpacked(row.wrong, items)
    return {arm: np.stack([found[s] for s in sorted(found)]) for arm, found in seeds.items()}


def _on_common_seeds(results: Sequence[ArmResult]) -> list[ArmResult]:
    """Keep the students whose seed every arm has finished."""
    seeds: dict[str, set[int]] = {}
    for row in results:
        seeds.setdefault(row.arm, set()).add(row.seed)
    common = set.intersection(*seeds.values()) if seeds else set()
    return [row for row in results if row.seed in common]


def _means(results: Sequence[ArmResult]) -> dict[str, ArmMean]:
    arms: dict[str, list[ArmResult]] = {}
    for row in results:
        arms.setdefault(row.arm, []).append(row)
    return {
        arm: ArmMean(
            seeds=len(found),
            dev_error=fmean(row.dev_error for row in found),
            audit_error=fmean(row.audit_error for row in found),
            added=fmean(row.added for row in found),
            steps=fmean(row.steps for row in found),
        )
        for arm, found in arms.items()
    }


def _interval_to_dict(name: str, interval: Interval) -> dict[str, float | None]:
    values = {name: interval.value, "low": interval.low, "high": interval.high}
    return {key: value if np.isfinite(value) else None for key, value in values.items()}


def _interval_from_dict(name: str, row: Mapping[str, Any]) -> Interval:
    return Interval(*(np.nan if row[key] is None else row[key] for key in (name, "low", "high")))
