"""The question that a search answers: goal, ε, weights and assumptions, in one frozen value.

It travels from a form or an option to the search, its answer, its audit and its certificate. Every
rule about it is checked here and nowhere else.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bort.core.errors import InvalidFieldError

EPSILONS = (1e-6, 1e6)  # beyond these ln(1+ε) is lost in rounding
MOST_WEIGHT = 50  # an error of 1/(2n) to this power is still a number
LARGEST_LIPSCHITZ = 1e9  # more bounds nothing, and overflows

Weights = tuple[float, float, float]
Lipschitz = float | tuple[float, ...] | Mapping[str, float]


class Goal(StrEnum):
    """What a search is for."""

    COVER = "cover"  # every architecture within 1+ε of an evaluated one
    BEST = "best"  # W(best) at least 1-ε of the largest W
    PAPER = "paper"  # evaluate everything, take the largest W
    EXHAUSTIVE = "exhaustive"  # evaluate everything, the exact front

    @property
    def evaluates_everything(self) -> bool:
        """The goal needs no assumption, because it leaves nothing out."""
        return self in (Goal.PAPER, Goal.EXHAUSTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a search shall certify, and what it may assume.

    Attributes:
        goal: "cover" every architecture within 1+ε, find the "best" W within 1-ε, or the
            "paper" and "exhaustive" modes, which evaluate everything.
        epsilon: ε > 0.
        weights: cost weights of size, latency and error, each >= 0, not all 0.
        lipschitz: λ: one number for all dimensions, one per dimension in their order, or one by
            each dimension's name; None estimates it.
        slack: σ >= 0 assumes that larger architectures err at most 1+σ times as much; None does
            not.
        confidence: 0..1 makes the claim about the population, at this confidence; None makes it
            about this dev set, as trained.
        nugget: τ >= 0, what one training's seed adds to a difference of ln e; None is 0 with a
            given λ, and measured from repeated seeds, where there are any, with an estimated one.

    Raises:
        InvalidFieldError: a value that cannot be used.
    """

    goal: Goal = Goal.COVER
    epsilon: float = 0.25
    weights: Weights = (1.0, 1.0, 1.0)
    lipschitz: Lipschitz | None = None
    slack: float | None = None
    confidence: float | None = None
    nugget: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "goal", _goal(self.goal))
        object.__setattr__(self, "weights", check_weights(self.weights))
        check_epsilon(self.epsilon)
        for value in _numbers(self.lipschitz):
            if not (is_number(value) and 0 <= value <= LARGEST_LIPSCHITZ):
                raise InvalidFieldError(
                    "lipschitz",
                    f"λ must be 0 or more, {LARGEST_LIPSCHITZ:g} at most, got {value!r}; try 0.2, "
                    "or leave it out",
                )
        for name, symbol in (("slack", "σ"), ("nugget", "τ")):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and value >= 0):
                raise InvalidFieldError(
                    name,
                    f"{symbol} must be 0 or more, got {value!r}; leave it out to switch it off",
                )
        if self.confidence is not None and not (
            is_number(self.confidence) and 0 < self.confidence < 1
        ):
            raise InvalidFieldError(
                "confidence",
                f"confidence must lie between 0 and 1, got {self.confidence!r}; try 0.95",
            )

    @property
    def is_lipschitz_given(self) -> bool:
        """λ is the user's own, not an estimate."""
        return self.lipschitz is not None

    def lipschitz_by_dimension(self, names: Sequence[str]) -> tuple[float, ...] | None:
        """λ of each dimension, in the order of `names`; None where it is to be estimated.

        Raises:
            InvalidFieldError: a dimension is missing or unknown.
        """
        given = self.lipschitz
        if given is None:
            return None
        if isinstance(given, Mapping):
            if set(given) != set(names):
                missing = ", ".join(n for n in names if n not in given) or "none"
                unknown = ", ".join(n for n in given if n not in names) or "none"
                raise InvalidFieldError(
                    "lipschitz",
                    f"λ needs one number for each of {', '.join(names)}; missing: "
                    f"{missing}; unknown: {unknown}; or give one number for all",
                )
            return tuple(float(given[name]) for name in names)
        if isinstance(given, int | float):
            return (float(given),) * len(names)
        if len(given) != len(names):
            raise InvalidFieldError(
                "lipschitz",
                f"λ needs {len(names)} numbers, one for each of {', '.join(names)}, got "
                f"{len(given)}; or give one number for all",
            )
        return tuple(map(float, given))


def check_epsilon(epsilon: float) -> float:
    """Return `epsilon` if it lies in `EPSILONS`."""
    least, most = EPSILONS
    if not is_number(epsilon) or epsilon <= 0:
        raise InvalidFieldError(
            "epsilon", f"epsilon must be a number above 0, got {epsilon!r}; try 0.1 or 0.25"
        )
    if not least <= epsilon <= most:
        raise InvalidFieldError(
            "epsilon",
            f"epsilon must lie between {least:g} and {most:,.0f}, got {epsilon!r}; try 0.1 or 0.25",
        )
    return epsilon


def check_weights(weights: Sequence[float]) -> Weights:
    """Return `weights` as a triple (size, latency, error) if they can weigh."""
    if len(weights) != 3:
        raise InvalidFieldError(
            "weights",
            f"three weights are needed (size, latency, error), got {len(weights)}; try 1,1,1",
        )
    for weight in weights:
        if not is_number(weight) or not 0 <= weight <= MOST_WEIGHT:
            raise InvalidFieldError(
                "weights",
                f"a weight must be a number of 0 or more, {MOST_WEIGHT:g} at most, got {weight!r}; "
                "which is best depends on their proportions alone, try 1,1,1",
            )
    if not any(weights):
        raise InvalidFieldError("weights", "all three weights are 0; one must be more, try 1,1,1")
    size, latency, error = weights
    return float(size), float(latency), float(error)


def is_number(value: object) -> bool:
    """A finite number, and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _goal(goal: str) -> Goal:
    try:
        return Goal(goal)
    except ValueError:
        raise InvalidFieldError(
            "goal", f"unknown goal {goal!r}; choose one of {', '.join(Goal)}"
        ) from None


def _numbers(lipschitz: Lipschitz | None) -> Sequence[float]:
    if lipschitz is None:
        return ()
    if isinstance(lipschitz, Mapping):
        return tuple(lipschitz.values())
    return lipschitz if isinstance(lipschitz, Sequence) else (lipschitz,)
