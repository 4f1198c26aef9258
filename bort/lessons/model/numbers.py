"""Numbers of lesson 7: recorded trainings and measurements, and what the words say about them.

`bort bench lessons training` records the short trainings again, `bort bench lessons finished` the
finished models.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from bort.lessons.recorded import read

START = "2-12-192-768"
SMALL_DEPTH = "2"
CONFIDENCE = 0.95  # of the interval of `AuditAccuracy`


def numbers() -> dict[str, Any]:
    """All numbers of the lesson, as JSON values."""
    recorded = read("model")
    inherited = recorded["inheritance"]
    curves = {f"{one['student']} {one['first']}": one["wrong"] for one in recorded["curves"]}
    dev = recorded["dev"]
    first = {
        name: [curves[f"{START} {name}"][k] / dev for k in (0, -1)]
        for name in ("scratch", "inherit")
    }
    answers = recorded["answers"]
    latencies, seeds = recorded["latencies"], recorded["seeds"]
    ratios = [abs(one["realised"] / one["predicted"] - 1) for one in latencies["pairs"]]
    finished = read("model", "finished")
    best = min(seeds, key=lambda one: one["predicted"])
    return {
        **recorded,
        "start": START,
        "students": list(dict.fromkeys(one["student"] for one in recorded["curves"])),
        "errors": {name: [wrong / dev for wrong in curve] for name, curve in curves.items()},
        "first": first,
        "half": inherited["stream"][inherited["hidden"] // 2],
        "half_width": inherited["hidden"] // 2,
        "mean": {
            name: fmean(one[name] for one in answers) for name in ("labels", "teacher", "inherited")
        },
        "trainings": sum(one["seeds"] for one in answers),
        "held_out": len(latencies["pairs"]),
        "off": fmean(ratios),
        "inside": sum(ratio <= latencies["band"] for ratio in ratios),
        "tops": tops(seeds),
        "best": {**best, "se_points": 100 * best["se"]},
        "count": len(seeds),
        "finished": finished,
        "kept": promises(finished),
        "confidence": CONFIDENCE,
        "small_depth": SMALL_DEPTH,
        "small_layers": " and ".join(str(layer + 1) for layer in inherited["layers"][SMALL_DEPTH]),
    }


def promises(finished: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What became of the promises of a search, over the finished models.

    Returns:
        How many models ended below the promised error, on dev and on audit; in percentage points,
        how far on dev, and how much higher audit is than dev; how far the latencies are off, and
        how many of them were measured on a machine that was not quiet.
    """
    return {
        "count": len(finished),
        "tasks": len({one["task"] for one in finished}),
        "lower_dev": sum(one["dev"] < one["promised"] for one in finished),
        "lower_audit": sum(one["audit"] < one["promised"] for one in finished),
        "gain": 100 * fmean(one["promised"] - one["dev"] for one in finished),
        "luck": 100 * fmean(one["audit"] - one["dev"] for one in finished),
        "off": fmean(abs(one["ms"] / one["promised_ms"] - 1) for one in finished),
        "noisy": sum(not one["is_quiet"] for one in finished),
    }


def tops(seeds: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Mean error with the first seed and with other seeds, of the 1, 2, ... best by the first."""
    ranked = sorted(seeds, key=lambda one: float(one["predicted"]))
    return [
        {
            name: round(fmean(float(one[name]) for one in ranked[:count]), 6)
            for name in ("predicted", "realised")
        }
        for count in range(1, len(ranked) + 1)
    ]
