"""Fully connected networks: a perceptron, and the announcement's two-layer example."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from bort.core.architecture import Architecture
from bort.families.family import Family
from bort.families.polynomial import as_polynomial, symbol

D, H, X, L = (symbol(name) for name in ("depth", "hidden", "inputs", "labels"))
B = symbol("batch")

FLOAT32_BYTES = 4


class PerceptronFamily(Family):
    """A perceptron with `depth` square layers of width `hidden` between inputs and outputs.

    The first layer maps the inputs to the width, then `depth` layers map width to width, and the
    last one maps to the labels. Each has a bias, and there is a ReLU between two layers.
    """

    def config(
        self,
        architecture: Architecture,
        fixed: Mapping[str, int],
        *,
        num_labels: int | None = None,
    ) -> tuple[int, ...]:
        """The widths, from inputs to labels."""
        known = self.with_defaults(fixed)
        widths = (architecture["hidden"],) * (architecture["depth"] + 1)
        return (known["inputs"], *widths, num_labels or known["labels"])

    def model(self, config: Any, *, device: str) -> Any:
        """A `torch.nn.Sequential` of linear layers and ReLUs."""
        from torch import nn

        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(config):
            layers += [nn.Linear(inputs, outputs, device=device), nn.ReLU()]
        return nn.Sequential(*layers[:-1])


class ToyFamily(PerceptronFamily):
    """The example of Bort's announcement: (2,4,3,4,4), of size 72, shrinks to (2,3,3,3,2), 40.

    Our reading of the five numbers is (N, a, b, c, d) with size N (a b + a + c d + d): the first
    layer maps b to a, the second c to d, so c must equal a. The source gives the
    sizes but does not explain the factor N; one *built* network has size / N parameters, 36
    and 20.
    """

    def config(
        self,
        architecture: Architecture,
        fixed: Mapping[str, int],  # noqa: ARG002
        *,
        num_labels: int | None = None,
    ) -> tuple[int, ...]:
        """The widths of the built network: inputs, width, outputs (or `num_labels`)."""
        outputs = num_labels or architecture["outputs"]
        return (architecture["inputs"], architecture["width"], outputs)


_INPUT = X * H + H
_SQUARE = D * (H**2 + H)
_OUTPUT = L * H + L

PERCEPTRON = PerceptronFamily(
    name="mlp",
    symbols={"depth": "D", "hidden": "H"},
    defaults={"inputs": 784, "labels": 2},
    divisibility=(),
    embedding=as_polynomial(0),
    parameter_parts={"first": _INPUT, "middle": _SQUARE, "last": _OUTPUT},
    term_polynomials={
        "layers": D,
        "input": B * X * H,
        "projections": B * D * H**2,
        "elementwise": B * D * H,
        "head": B * H * L,
        "weight_bytes": FLOAT32_BYTES * (_INPUT + _SQUARE + _OUTPUT),
    },
    operation_parts={"first": ("input",), "middle": ("projections",), "last": ("head",)},
)

_N, _a, _b, _c, _d = (symbol(name) for name in ("factor", "width", "inputs", "inner", "outputs"))

TOY = ToyFamily(
    name="toy",
    symbols={"factor": "N", "width": "a", "inputs": "b", "inner": "c", "outputs": "d"},
    defaults={},
    divisibility=(),
    equal=(("width", "inner"),),
    embedding=as_polynomial(0),
    parameter_parts={
        "first": _N * (_a * _b + _a),
        "middle": as_polynomial(0),
        "last": _N * (_c * _d + _d),
    },
    term_polynomials={
        "input": B * _N * _a * _b,
        "head": B * _N * _c * _d,
        "weight_bytes": FLOAT32_BYTES * _N * (_a * _b + _a + _c * _d + _d),
    },
    operation_parts={"first": ("input",), "middle": (), "last": ("head",)},
)
