"""Numbers of lesson 1: every network of the announcement's kind, counted term by term."""

from typing import Any

import numpy as np

from bort.families.perceptron import TOY
from bort.families.polynomial import IntArray, Polynomial
from bort.families.space import FamilySpace

WIDEST = 6
FACTOR = 2  # the announcement's N
LARGE = (3, 4, 4)  # inputs, width, outputs of one built network
SMALL = (3, 3, 2)
_SEED = 5  # of the weights that are pruned

Shape = tuple[int, int, int]


def numbers() -> dict[str, Any]:
    """All numbers of the lesson, as JSON values."""
    counted = counts(WIDEST)
    large, small = counted[_key(LARGE)], counted[_key(SMALL)]
    path = _path(LARGE, SMALL)
    weights = _weights(LARGE)
    inside = LARGE[1] * LARGE[2]
    return {
        "widest": WIDEST,
        "factor": FACTOR,
        "large": {"shape": LARGE, "key": _key(LARGE), **large},
        "small": {"shape": SMALL, "key": _key(SMALL), **small},
        "counts": counted,
        "path": path,
        "steps": len(path) - 1,
        "walked": len(path),
        "one_fewer": {
            "key": _key(path[1]),
            "lost": large["built"] - counted[_key(path[1])]["built"],
            "incoming": LARGE[0] + 1,
        },
        "inside": inside,
        "layers": LARGE[1] + LARGE[2],
        "pruning": _pruning(weights, large, small),
    }


def counts(widest: int) -> dict[str, dict[str, int]]:
    """Count every network with layers of 1 to `widest` neurons, by inputs-width-outputs.

    `built` and `size` are the parameters of one built network and the announcement's size;
    `first_weights` and so on are the terms of `built`, `operations` its multiply-adds.
    """
    sizes = tuple(range(1, widest + 1))
    dimensions = dict.fromkeys(("width", "inputs", "inner", "outputs"), sizes)
    built, doubled = (
        FamilySpace("toy", "toy", {"factor": (factor,), **dimensions}) for factor in (1, FACTOR)
    )
    columns = {"built": built.parameter_count, "size": doubled.parameter_count}
    for name, term in _terms().items():
        columns[name] = term.over(built.columns, {})
    columns["operations"] = built.operation_count(1, 1).astype(np.int64)
    shapes = zip(*(built.columns[name] for name in ("inputs", "width", "outputs")), strict=True)
    return {
        _key(shape): {name: int(column[row]) for name, column in columns.items()}
        for row, shape in enumerate(shapes)
    }


def _terms() -> dict[str, Polynomial]:
    """The announcement's terms: weights and biases of both layers."""
    first, last = TOY.parameter_parts["first"], TOY.parameter_parts["last"]
    first_weights, last_weights = first.only("inputs"), last.only("inner")
    return {
        "first_weights": first_weights,
        "first_biases": first - first_weights,
        "last_weights": last_weights,
        "last_biases": last - last_weights,
    }


def _path(start: Shape, end: Shape) -> list[Shape]:
    """Go from one shape to the other, one neuron at a time, the middle layer first."""
    path = [start]
    for layer in (1, 2):
        while path[-1][layer] > end[layer]:
            shape = list(path[-1])
            shape[layer] -= 1
            path.append((shape[0], shape[1], shape[2]))
    return path


def _weights(shape: Shape) -> list[IntArray]:
    """Order the edges by the size of made-up weights: 0 is the smallest; two matrices of ranks."""
    rng = np.random.default_rng(_SEED)
    layers = [rng.normal(size=(shape[i + 1], shape[i])) for i in (0, 1)]
    ranks = np.argsort(np.argsort(np.abs(np.concatenate([w.ravel() for w in layers]))))
    cut = layers[0].size
    return [ranks[:cut].reshape(layers[0].shape), ranks[cut:].reshape(layers[1].shape)]


def _pruning(ranks: list[IntArray], large: dict[str, int], small: dict[str, int]) -> dict[str, Any]:
    """What is left of the large network without its smallest weights."""
    edges = sum(layer.size for layer in ranks)
    return {
        "ranks": [layer.tolist() for layer in ranks],
        "edges": edges,
        "kept": [large["built"] - removed for removed in range(edges + 1)],
        "equal": large["built"] - small["built"],
        "operations": large["operations"],
    }


def _key(shape: tuple[int, ...]) -> str:
    return "-".join(str(int(size)) for size in shape)
