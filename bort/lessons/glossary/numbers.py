"""Numbers of the glossary's pictures; most are those of the lessons."""

from dataclasses import asdict
from typing import Any

import numpy as np

from bort.lessons.abnc.numbers import numbers as abnc_numbers
from bort.lessons.epsilon import toy
from bort.lessons.epsilon.numbers import SHOWN_EPSILON
from bort.lessons.recorded import read
from bort.report.terms import TERMS
from bort.search.audit import ALPHA
from bort.search.w_coefficient import w_coefficient

_EXAMPLE = "4-288-1536"  # of the recorded family, on its front
_DEPTH = 3  # row of the toy in which the cone is shown


def numbers() -> dict[str, Any]:
    """All numbers of the glossary, as JSON values."""
    recorded = read("glossary")
    networks = read("costs")["networks"]
    abnc = abnc_numbers()
    return {
        **recorded,
        "terms": {slug: asdict(term) for slug, term in TERMS.items()},
        "epsilon": {"value": SHOWN_EPSILON, "factor": 1 + SHOWN_EPSILON},
        "front": {
            "networks": [[n["latency_ms"], n["error"]] for n in networks],
            "rows": read("costs")["fronts"][-1],
        },
        "confidence": 1 - ALPHA,
        "cover": _cover(),
        "cone": _cone(),
        "trainings": len(networks[0]["seeds"]),
        "seeds": [n["seeds"] for n in networks[:10]],
        "w": _w(networks),
        "abnc": [abnc["large"], abnc["bort"]],
    }


def _run() -> dict[str, Any]:
    runs = read("epsilon")["runs"]
    return dict(next(run for run in runs if run["given"] and run["epsilon"] == SHOWN_EPSILON))


def _cover() -> dict[str, Any]:
    run = _run()
    return {
        "columns": len(toy.WIDTHS),
        "trained": run["picks"],
        "covered": run["steps"][-1]["covered"],
    }


def _cone() -> dict[str, Any]:
    """The lowest errors that one trained network of the toy permits in its row."""
    run = _run()
    pick = run["picks"][0]
    row = toy.DEPTHS.index(_DEPTH) * len(toy.WIDTHS)
    inside = slice(row, row + len(toy.WIDTHS))
    _, hidden = toy.true_lipschitz()
    return {
        "widths": toy.WIDTHS,
        "depth": _DEPTH,
        "trained": pick - row,
        "lower": run["steps"][1]["lower"][inside],
        "errors": [round(float(error), 4) for error in toy.errors()[inside]],
        "lambda": hidden,
        "doubled": float(2**hidden),
    }


def _w(networks: list[dict[str, Any]]) -> dict[str, Any]:
    """W of one network, and its factors; the maximum point is taken over the family."""
    names = ("parameters", "latency_ms", "error")
    size, latency, error = (np.array([float(n[name]) for n in networks]) for name in names)
    row = next(i for i, n in enumerate(networks) if n["id"] == _EXAMPLE)
    w = w_coefficient(size, latency, error, weights=(1.0, 1.0, 1.0))
    return {
        "id": _EXAMPLE,
        "size_saved": float(1 - size[row] / size.max()),
        "latency_saved": float(1 - latency[row] / latency.max()),
        "error": float(error[row]),
        "w": float(w[row]),
        "best": networks[int(np.argmax(w))]["id"],
        "best_w": float(w.max()),
    }
