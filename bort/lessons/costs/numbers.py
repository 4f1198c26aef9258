"""Numbers of lesson 2: the recorded family, its front, and what its words say about them."""

from itertools import pairwise
from typing import Any

from bort.lessons.costs.frames import ALPHA, DEV_SIZES, HEADS
from bort.lessons.recorded import read


def numbers() -> dict[str, Any]:
    """All numbers of the lesson, as JSON values."""
    recorded = read("costs")
    networks, front = recorded["networks"], recorded["fronts"][-1]
    smallest = min(range(len(networks)), key=lambda i: networks[i]["parameters"])
    pairs = {
        pair["code"]: {"number": number, **_pair(networks, pair)}
        for number, pair in enumerate(recorded["pairs"], 1)
    }
    models = {model["name"]: model for model in recorded["landmarks"]["models"]}
    spread = [max(n["seeds"]) - min(n["seeds"]) for n in networks]
    close = _close(networks, front)
    return {
        **recorded,
        "dev_sizes": DEV_SIZES,
        "heads": HEADS,
        "confidence": 1 - ALPHA,
        "count": len(networks),
        "front_size": len(front),
        "beaten": len(networks) - len(front),
        "first": front[len(front) // 2],
        "smallest": networks[smallest],
        "dev": networks[0]["n"],
        "steps": networks[0]["steps"],
        "seeds": len(networks[0]["seeds"]),
        "spread_mean": sum(spread) / len(spread),
        "spread_most": max(spread),
        "by_code": pairs,
        "close": close,
        "bort": {
            **models["Bort"],
            **{
                f"{name}_{key}": speed[key]
                for name, speed in zip(("base", "large"), models["Bort"]["speeds"], strict=True)
                for key in ("published", "found", "low", "high")
            },
            "size_share": models["Bort"]["parameters"] / models["BERT-large"]["parameters"],
        },
    }


def _pair(networks: list[dict[str, Any]], pair: dict[str, Any]) -> dict[str, Any]:
    a, b = (networks[i] for i in pair["shown"])
    larger = max(a["parameters"], b["parameters"]) / min(a["parameters"], b["parameters"])
    return {"a": a["id"], "b": b["id"], "times": pair["times"], "larger": larger}


def _close(networks: list[dict[str, Any]], front: list[int]) -> dict[str, Any]:
    """Two of the front whose errors differ less than the seeds of one of them."""
    by_error = sorted(front, key=lambda i: networks[i]["error"])
    for a, b in pairwise(by_error):
        gap = networks[b]["error"] - networks[a]["error"]
        spread = max(max(networks[i]["seeds"]) - min(networks[i]["seeds"]) for i in (a, b))
        if 0 < gap < spread:
            return {
                "a": a,
                "b": b,
                "a_id": networks[a]["id"],
                "b_id": networks[b]["id"],
                "gap_points": 100 * gap,
                "spread_points": 100 * spread,
            }
    raise LookupError("every difference on the front is larger than the seeds' own")
