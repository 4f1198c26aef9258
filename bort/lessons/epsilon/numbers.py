"""Numbers of lesson 3: the toy, recorded searches of it, and what its words say about them."""

import math
from typing import Any

from bort.lessons.epsilon import toy
from bort.lessons.recorded import read
from bort.search.audit import ALPHA

SHOWN_EPSILON = 0.25  # the lesson begins here


def numbers() -> dict[str, Any]:
    """All numbers of the lesson, as JSON values."""
    recorded = read("epsilon")
    problem, errors = toy.problem(), toy.errors()
    depth, hidden = toy.true_lipschitz()
    known, estimated = (_run(recorded, given) for given in (True, False))
    needles = recorded["needles"]
    hidden_places = [place for place in needles["places"] if not place["seen"]]
    half = needles["population"] // 2
    return {
        "depths": toy.DEPTHS,
        "widths": toy.WIDTHS,
        "count": len(problem),
        "cells": [
            {
                "id": problem.label(index),
                "size": int(problem.size[index]),
                "operations": int(problem.latency[index]),
                "error": round(float(errors[index]), 4),
            }
            for index in range(len(problem))
        ],
        "lipschitz": {
            "depth": depth,
            "hidden": hidden,
            "doubling_depth": math.ceil(100 * (2**depth - 1)) / 100,
            "doubling_hidden": math.ceil(100 * (2**hidden - 1)) / 100,
        },
        "epsilons": toy.EPSILONS,
        "first": SHOWN_EPSILON,
        "factor": 1 + SHOWN_EPSILON,
        "known": len(known["picks"]),
        "estimated": len(estimated["picks"]),
        "runs": recorded["runs"],
        "needles": needles,
        "needle": {
            "factor": toy.NEEDLE_FACTOR,
            "trained": len(needles["picks"]),
            "population": needles["population"],
            "epsilon": needles["epsilon"],
            "hidden": len(hidden_places),
            "wrong": sum(bool(place["uncovered"]) for place in hidden_places),
            "seen": len(needles["places"]) - len(hidden_places),
            "seen_most": max(place["evaluations"] for place in needles["places"]),
            "half": half,
            "half_at_most": needles["at_most"][0][half],
            "confidence": 1 - ALPHA,
        },
        "coarse": _told(recorded, max(toy.EPSILONS)),
        "exact": _told(recorded, min(toy.EPSILONS)),
        "few": _told(recorded, toy.FINE_EPSILON),
        "fine": {
            "count": len(toy.FINE),
            "times": len(toy.FINE) / len(problem),
            "side": (len(toy.FINE) / len(problem)) ** 0.5,
            **recorded["fine"],
        },
    }


def _run(
    recorded: dict[str, Any], is_given: bool, epsilon: float = SHOWN_EPSILON
) -> dict[str, Any]:
    [found] = [
        run for run in recorded["runs"] if (run["given"], run["epsilon"]) == (is_given, epsilon)
    ]
    return dict(found)


def _told(recorded: dict[str, Any], epsilon: float) -> dict[str, Any]:
    found = _run(recorded, True, epsilon)
    bound = found["steps"][-1]["bound"]
    return {"epsilon": epsilon, "trained": len(found["picks"]), "bound": bound}
