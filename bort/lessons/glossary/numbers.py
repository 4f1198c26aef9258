"""Numbers of the glossary's pictures; most are those of the lessons."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from bort.lessons.abnc.numbers import numbers as abnc_numbers
from bort.lessons.costs.frames import HEADS
from bort.lessons.costs.numbers import numbers as costs_numbers
from bort.lessons.epsilon import toy
from bort.lessons.epsilon.numbers import SHOWN_EPSILON
from bort.lessons.epsilon.numbers import numbers as epsilon_numbers
from bort.lessons.model.numbers import numbers as model_numbers
from bort.lessons.recorded import read
from bort.lessons.subarchitecture.numbers import numbers as subarchitecture_numbers
from bort.lessons.torus.numbers import key
from bort.lessons.torus.numbers import numbers as torus_numbers
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
        "tau_percent": math.expm1(recorded["tau"]),
        "seeds": [n["seeds"] for n in networks[:10]],
        "w": _w(networks),
        "abnc": [abnc["large"], abnc["bort"]],
        "latency": read("costs")["landmarks"],
        "operations": _operations(),
        "pair": _pair(networks),
        "certificate": _certificate(),
        "needle": _needle(),
        "prices": _prices(),
        "taught": _taught(),
        **_torus(),
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


def _operations() -> list[dict[str, Any]]:
    """Both networks of the announcement: sizes, and the multiply-adds of their two layers."""
    found = subarchitecture_numbers()
    return [
        {
            "key": one["key"],
            "shape": one["shape"],
            "first": one["first_weights"],
            "last": one["last_weights"],
            "all": one["operations"],
            "built": one["built"],
        }
        for one in (found["large"], found["small"])
    ]


def _taught() -> dict[str, Any]:
    """Mean dev errors of short trainings, by what is learned and where the weights begin."""
    found = model_numbers()
    return {**found["mean"], "trainings": found["trainings"], "steps": found["steps"]}


def _pair(networks: list[dict[str, Any]]) -> dict[str, Any]:
    """Two networks of the front whose errors differ less than the seeds of one of them."""
    close = costs_numbers()["close"]
    pair = [networks[close[name]] for name in ("a", "b")]
    a, b = (
        {"id": _name(n), "error": n["error"], "seeds": n["seeds"]}
        | {"low": min(n["seeds"]), "high": max(n["seeds"])}
        for n in sorted(pair, key=lambda n: min(n["seeds"]) - max(n["seeds"]))
    )
    return {"a": a, "b": b, "gap": close["gap_points"], "spread": close["spread_points"]}


def _certificate() -> dict[str, Any]:
    run = _run()
    certified = [step["certified"] for step in run["steps"]]
    return {
        "certified": certified,
        "epsilon": certified[-1],
        "trained": len(run["picks"]),
        "count": len(run["steps"][-1]["covered"]),
    }


def _needle() -> dict[str, Any]:
    """A needle in the row of the cone, where the search of the toy does not train."""
    run = _run()
    row = toy.DEPTHS.index(_DEPTH) * len(toy.WIDTHS)
    inside = slice(row, row + len(toy.WIDTHS))
    lower, picks = run["steps"][-1]["lower"], set(run["picks"])
    hidden = next(i for i in range(inside.start + 3, inside.stop) if i not in picks)
    errors = [round(float(error), 4) for error in toy.errors(hidden)]
    return {
        "id": toy.problem().label(hidden),
        "factor": toy.NEEDLE_FACTOR,
        "widths": toy.WIDTHS,
        "lowers": lower[inside],
        "errors": errors[inside],
        "trained": [i - row for i in range(inside.start, inside.stop) if i in picks],
        "at": hidden - row,
        "error": errors[hidden],
        "lower": lower[hidden],
    }


def _prices() -> dict[str, Any]:
    """Trainings of the toy for each ε, with λ known."""
    found = epsilon_numbers()
    runs = [run for run in found["runs"] if run["given"]]
    return {
        "count": found["count"],
        "bars": [[run["epsilon"], len(run["picks"])] for run in runs],
        "most": found["exact"],
        "least": found["coarse"],
        "few": found["few"],
        "fine_count": found["fine"]["count"],
        "fine_trained": found["fine"]["trained"],
    }


def _torus() -> dict[str, Any]:
    found = torus_numbers()
    start = found["start"]
    run = found["runs"][key(start["learner"], start["labeler"], start["radius"])]
    apart = found["apart"]["knn"]
    return {
        "splits": {**found["counts"], "dev_error": apart["dev"], "audit_error": apart["audit"]},
        "rounds": {
            "sizes": [one["size"] for one in run["agora"]],
            "errors": [one["audit"][0] for one in run["agora"]],
            "count": found["rounds"],
            "first": found["first"]["audit"][0],
            "last": found["last"]["audit"][0],
            "random": found["random_last"]["audit"][0],
            "begin": found["first"]["size"],
            "end": found["last"]["size"],
        },
    }


def _name(network: dict[str, Any]) -> str:
    """Depth, heads, hidden and intermediate size, as the lesson on weights writes them."""
    depth, rest = network["id"].split("-", 1)
    return f"{depth}-{HEADS}-{rest}"


def _w(networks: list[dict[str, Any]]) -> dict[str, Any]:
    """W of one network, and its factors; the maximum point is taken over the family."""
    names = ("parameters", "latency_ms", "error")
    size, latency, error = (np.array([float(n[name]) for n in networks]) for name in names)
    row = next(i for i, n in enumerate(networks) if n["id"] == _EXAMPLE)
    w = w_coefficient(size, latency, error, weights=(1.0, 1.0, 1.0))
    return {
        "id": _name(networks[row]),
        "size_saved": float(1 - size[row] / size.max()),
        "latency_saved": float(1 - latency[row] / latency.max()),
        "error": float(error[row]),
        "w": float(w[row]),
        "best": _name(networks[int(np.argmax(w))]),
        "best_w": float(w.max()),
    }
