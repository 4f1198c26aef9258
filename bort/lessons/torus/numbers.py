"""Numbers of lesson 6: the recorded rounds, and what the words say about them.

`bort bench lessons torus` records the rounds again.
"""

from collections.abc import Mapping
from math import degrees
from typing import Any

from bort.agora.torus import world
from bort.core.agora import TORUS_RADIUS, TorusSpec
from bort.lessons.recorded import read

START = TorusSpec()  # the run that is shown first
CLOSE = 0.1  # the recording's other radius
CONFIDENCE = 0.95  # of the intervals of `ErrorRate`
WHOLE = (1, 2, 1)  # Betti numbers of a torus


def numbers() -> dict[str, Any]:
    """All numbers of the lesson, as JSON values."""
    recorded = read("torus")
    runs = recorded["runs"]
    start = runs[key(START.learner, START.labeler, TORUS_RADIUS)]
    teachers = {
        labeler.replace("-", "_"): _last(runs, START.learner, labeler, TORUS_RADIUS)
        for labeler in recorded["labelers"]
    }
    return {
        **recorded,
        "start": {"learner": START.learner, "labeler": START.labeler, "radius": TORUS_RADIUS},
        "close": CLOSE,
        "major": world.MAJOR_RADIUS,
        "minor": world.MINOR_RADIUS,
        "whole": WHOLE,
        "counts": {"train": world.TRAIN, "dev": world.DEV, "audit": world.AUDIT},
        "per_error": world.POINTS_PER_ERROR,
        "per_round": world.POINTS_PER_ROUND,
        "confidence": CONFIDENCE,
        "missing": round(2 * degrees(world.MISSING_LONGITUDE)),
        "noise": world.ORACLE_NOISE,
        "first": start["agora"][0],
        "last": start["agora"][-1],
        "random_last": start["random"][-1],
        "teachers": teachers,
        "apart": {name: _gap(runs, name) for name in ("knn",)},
    }


def key(learner: str, labeler: str, radius: float) -> str:
    """The name of a run in the recording."""
    return f"{learner} {labeler} {radius:g}"


def _last(runs: Mapping[str, Any], learner: str, labeler: str, radius: float) -> Mapping[str, Any]:
    """The last audit error, the number of added points, and the share of right labels."""
    frames = runs[key(learner, labeler, radius)]["agora"]
    grown = sum(frame["added"] for frame in frames)
    right = sum(frame["right"] for frame in frames) / max(1, grown)
    return {"audit": frames[-1]["audit"], "grown": grown, "right": right}


def _gap(runs: Mapping[str, Any], learner: str) -> Mapping[str, Any]:
    """Dev and audit error after sampling close to dev errors; the mean gap in percentage points."""
    run = runs[key(learner, "oracle", CLOSE)]
    return {
        "dev": run["agora"][-1]["dev"][0],
        "audit": run["agora"][-1]["audit"][0],
        "points": 100 * run["gaps"][-1]["mean"][0],
        "random_points": 100 * run["gaps"][-1]["mean"][1],
    }
