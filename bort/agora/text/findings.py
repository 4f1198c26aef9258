"""What a comparison found: mean errors, differences with intervals, the gap to the teacher."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

import numpy as np

from bort.agora.loop.comparison import Interval, error_difference, gap_closed
from bort.agora.loop.values import BoolArray
from bort.agora.text.spec import AGORA, DOUBLE, HALF, PLAIN, RANDOM

PAIRS = (
    (PLAIN, RANDOM),
    (PLAIN, AGORA),
    (RANDOM, AGORA),
    (RANDOM + DOUBLE, AGORA),
    (RANDOM, AGORA + HALF),
    (RANDOM + HALF, AGORA + HALF),
)


def findings(rows: Sequence[Mapping[str, Any]], teacher_wrong: BoolArray) -> dict[str, Any]:
    """Means and differences over the seeds that every arm has finished.

    Args:
        rows: `ArmResult`s as mappings.
        teacher_wrong: shape (items,), which audit items the teacher gets wrong.
    Returns:
        `means` by arm (dev_error, audit_error, added, steps, seeds); `differences`, a list of
        {from, to, difference, low, high}: audit error of `to` minus that of `from`; `gap_closed`
        by arm: share of the way from plain to the teacher; `teacher_audit_error`. What is not
        known is None. Intervals are 95%, paired over seeds and items.
    """
    wrong = _wrong(rows, items=len(teacher_wrong))
    rng = np.random.default_rng(0)
    return {
        "means": _means(rows),
        "teacher_audit_error": float(np.mean(teacher_wrong)),
        "differences": [
            {"from": one, "to": other, **_row("difference", difference)}
            for one, other in PAIRS
            if one in wrong and other in wrong
            for difference in [error_difference(wrong[one], wrong[other], rng)]
        ],
        "gap_closed": {
            arm: _row("share", gap_closed(wrong[PLAIN], wrong[arm], teacher_wrong[None], rng))
            for arm in (RANDOM + HALF, RANDOM, AGORA + HALF, AGORA)
            if PLAIN in wrong and arm in wrong
        },
    }


def unpacked(wrong: str, items: int) -> BoolArray:
    """Inverse of how `ArmResult.wrong` is written, shape (items,)."""
    packed = np.frombuffer(bytes.fromhex(wrong), dtype=np.uint8)
    return np.unpackbits(packed, count=items).astype(np.bool_)


def _wrong(rows: Sequence[Mapping[str, Any]], *, items: int) -> dict[str, BoolArray]:
    """By arm, shape (seeds, items), for the seeds that all arms have."""
    seeds: dict[str, dict[int, BoolArray]] = {}
    for row in rows:
        seeds.setdefault(row["arm"], {})[row["seed"]] = unpacked(row["wrong"], items)
    common = sorted(set.intersection(*(set(found) for found in seeds.values()))) if seeds else []
    return {arm: np.stack([found[s] for s in common]) for arm, found in seeds.items() if common}


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | int]]:
    arms: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        arms.setdefault(row["arm"], []).append(row)
    return {
        arm: {
            "seeds": len(found),
            **{
                key: fmean(row[key] for row in found)
                for key in ("dev_error", "audit_error", "added", "steps")
            },
        }
        for arm, found in arms.items()
    }


def _row(name: str, interval: Interval) -> dict[str, float | None]:
    values = asdict(interval)
    values[name] = values.pop("value")
    return {key: float(v) if np.isfinite(v) else None for key, v in values.items()}
