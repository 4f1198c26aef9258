"""A small family of trained networks and well-known models, taken from recorded measurements."""

import csv
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

import bort
from bort.latency.landmarks import LandmarkTiming, TimedLandmark
from bort.search.arrays import FloatArray
from bort.search.intervals import binomial_interval
from bort.search.pareto import is_non_dominated

_ROOT = Path(bort.__file__).parent.parent
TABLE = _ROOT / "data/recorded/movie-reviews-minilm-96.csv"
LANDMARKS = _ROOT / "docs/bench/latency.json"

HEADS = 12  # the family: all recorded networks with this number of heads
DEV_SIZES = (50, 100, 200, 400, 800, 1585, 3200, 6400, 12800)
ALPHA = 0.05
_ORDER_SEED = 3  # of the order in which the family is shown
_SHOWN = ("BERT-large", "BERT-base", "Bort")


def frames() -> dict[str, Any]:
    """Everything that the lesson takes from recorded files."""
    networks = family()
    costs = np.array([[n["parameters"], n["latency_ms"], n["error"]] for n in networks])
    order = np.random.default_rng(_ORDER_SEED).permutation(len(networks))
    networks, costs = [networks[i] for i in order], costs[order]
    return {
        "networks": networks,
        "fronts": [
            np.flatnonzero(is_non_dominated(costs[:count])).tolist()
            for count in range(len(costs) + 1)
        ],
        "beats": [np.flatnonzero(beaten(costs, row)).tolist() for row in range(len(costs))],
        "intervals": [[interval(n["error"], size) for n in networks] for size in DEV_SIZES],
        "pairs": pairs(networks),
        "landmarks": landmarks(),
    }


def family() -> list[dict[str, Any]]:
    """The recorded networks of the family, in the order of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["heads"]) == HEADS]
    return [
        {
            "id": "-".join(row[name] for name in ("depth", "hidden", "intermediate")),
            "depth": int(row["depth"]),
            "hidden": int(row["hidden"]),
            "intermediate": int(row["intermediate"]),
            "parameters": int(row["parameter_count"]),
            "latency_ms": float(row["latency_ms"]),
            "latency_low_ms": float(row["latency_low_ms"]),
            "latency_high_ms": float(row["latency_high_ms"]),
            "error": float(row["error_mean"]),
            "seeds": [float(row[f"error_seed{seed}"]) for seed in range(3)],
            "n": int(row["n"]),
            "steps": int(row["steps"]),
        }
        for row in rows
    ]


def beaten(costs: FloatArray, row: int) -> np.ndarray:
    """Mark the rows that one row beats: no better in any column, worse in at least one."""
    return np.asarray((costs >= costs[row]).all(axis=1) & (costs > costs[row]).any(axis=1))


def interval(error: float, n: int) -> list[float]:
    """The exact 95% interval of an error rate that was measured on n examples."""
    return [round(end, 5) for end in binomial_interval(round(error * n), n, alpha=ALPHA)]


def pairs(networks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Three pairs to guess, each as (a, b) with a code for what is surprising about it.

    "alike" has nearly equal sizes and very different latencies; "larger" is larger and yet
    faster; "double" has twice the size and hardly more latency.
    """

    def ratio(pair: tuple[int, int], name: str) -> float:
        a, b = pair
        return float(networks[a][name] / networks[b][name])

    both = list(combinations(range(len(networks)), 2))
    both += [(b, a) for a, b in both]
    alike = [p for p in both if abs(ratio(p, "parameters") - 1) < 0.02]
    larger = [p for p in both if ratio(p, "latency_ms") < 0.97]
    double = [p for p in both if ratio(p, "parameters") > 2]
    chosen = {
        "alike": max(alike, key=lambda p: ratio(p, "latency_ms")),
        "larger": max(larger, key=lambda p: ratio(p, "parameters")),
        "double": min(
            (p for p in double if ratio(p, "latency_ms") > 1),
            key=lambda p: ratio(p, "latency_ms"),
        ),
    }
    found = []
    for code, (a, b) in chosen.items():
        times = ratio((a, b), "latency_ms")
        slower, faster = (a, b) if times > 1 else (b, a)
        shown = (a, b) if code != "larger" else (b, a)
        found.append(
            {
                "code": code,
                "shown": list(shown),
                "faster": faster,
                "times": max(times, 1 / times),
                "size": ratio((slower, faster), "parameters"),
            }
        )
    return found


def landmarks() -> dict[str, Any]:
    """Well-known models as they were timed, with their published figures."""
    content = json.loads(LANDMARKS.read_text("utf-8"))
    timing = LandmarkTiming.from_dict(content["landmarks"][0])
    by_name = {mark.name: mark for mark in timing.landmarks}
    return {
        "runtime": timing.runtime,
        "tokens": timing.workload.sequence_length,
        "cores": timing.fingerprint.cores,
        "models": [_model(by_name[name]) for name in _SHOWN],
    }


def _model(mark: TimedLandmark) -> dict[str, Any]:
    return {
        "name": mark.name,
        "parameters": mark.parameter_count,
        "published_parameters": mark.published_parameter_count,
        "median_ms": round(mark.median_ms, 2),
        "low_ms": round(mark.low_ms, 2),
        "high_ms": round(mark.high_ms, 2),
        "speeds": [
            {
                "than": claim.than,
                "published": claim.published,
                "found": round(claim.found, 2),
                "low": round(claim.low or 0.0, 2),
                "high": round(claim.high or 0.0, 2),
            }
            for claim in mark.speed_claims
        ],
        "source": mark.source,
    }
