"""The question that a search answers: goal, ε, weights and assumptions, in one frozen value.

It travels from a form or an option to the search, its answer, its audit and its certificate. Every
rule about it is checked here and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bort.core import kinds
from bort.core.errors import InvalidFieldError
from bort.core.fields import Description, ask, check_fields, fields_of
from bort.core.kinds import Choice, Number, PerDimension, Whole

EPSILONS = (1e-6, 1e6)  # outside this range, ln(1+ε) is lost in rounding
MOST_WEIGHT = 50  # an error of 1/(2n) to this power does not underflow
LARGEST_LIPSCHITZ = 1e9  # a larger λ bounds nothing and overflows

Weights = tuple[float, float, float]
Lipschitz = float | tuple[float, ...] | Mapping[str, float]


class Goal(StrEnum):
    """The goal of a search."""

    COVER = "cover"  # every architecture within 1+ε of an evaluated one
    BEST = "best"  # W(best) at least 1-ε of the largest W
    PAPER = "paper"  # evaluate everything, take the largest W
    EXHAUSTIVE = "exhaustive"  # evaluate everything, the exact front

    @property
    def evaluates_everything(self) -> bool:
        """Whether the goal evaluates every architecture and so needs no assumption."""
        return self in (Goal.PAPER, Goal.EXHAUSTIVE)


GOAL_TITLES: Mapping[str, str] = {
    Goal.COVER: "Cover: all trade-offs, within 1+ε",
    Goal.BEST: "Best: the largest W, within 1-ε",
    Goal.PAPER: "Paper: train all, take the largest W",
    Goal.EXHAUSTIVE: "Exhaustive: train all, exact front",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Description):
    """The question that a search answers: what to certify and what it may assume.

    Attributes:
        lipschitz: λ: one number for all dimensions, one per dimension in their order, or one by
            each dimension's name; None estimates it.
        slack: σ >= 0 assumes that larger architectures err at most 1+σ times as much; None
            assumes nothing.
        nugget: τ >= 0, what one training's seed adds to a difference of ln e. None means 0 if λ is
            given; if λ is estimated, τ is measured from repeated seeds, if there are any.

    Raises:
        InvalidFieldError: a value that cannot be used.
    """

    goal: Goal = ask(
        Goal.COVER,
        Choice(tuple(Goal), GOAL_TITLES),
        "Goal",
        "Cover every trade-off, find the best W, or train everything: for the largest W, as the "
        "paper does, or for the exact front (exhaustive).",
    )
    epsilon: float = ask(
        0.25,
        Number(*EPSILONS, metavar="E"),
        "ε",
        "How close is close enough: 0.1 accepts 10% larger, 10% slower and 10% more errors.",
        example="0.1 or 0.25",
    )
    weights: Weights = ask(
        (1.0, 1.0, 1.0),
        kinds.Weights(MOST_WEIGHT),
        "Weight of",
        "Cost weights for size, latency and error. Only their proportions matter.",
        example="1,1,1",
    )
    lipschitz: Lipschitz | None = ask(
        None,
        PerDimension(LARGEST_LIPSCHITZ),
        "λ, if you know it",
        "λ, if you know it: the fastest that ln(error) changes with ln(dimension).",
        empty="estimated",
        called="λ",
        example="0.2",
        advanced=True,
    )
    slack: float | None = ask(
        None,
        Number(step=0.05, metavar="S"),
        "σ of monotone bounds",
        "Assume that a larger architecture makes at most 1+σ times as many errors.",
        empty="off",
        called="σ",
        advanced=True,
    )
    confidence: float | None = ask(
        None,
        Number(0, 1, is_open=True, step=0.05, metavar="C"),
        "Confidence about the population",
        "Give the guarantee for new data, at this confidence, not only for the dev set.",
        empty="off: this dev set only",
        example="0.95",
        advanced=True,
    )
    challenges: int | None = ask(
        None,
        Whole(metavar="N"),
        "Challenges",
        "If λ is estimated, first train this many architectures that would break the claim if λ "
        "were a little larger.",
        empty="none",
        example="4",
        advanced=True,
    )
    spot_checks: float | None = ask(
        None,
        Number(0, 1, is_open=True, step=0.1, metavar="SHARE"),
        "Spot checks",
        "Draw this share of the trainings at random from the whole space. They say, without λ, how "
        "much of it is not covered.",
        empty="none",
        example="0.5",
        advanced=True,
    )
    nugget: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.nugget is not None and not Number().allows(self.nugget):
            raise InvalidFieldError("nugget", f"τ must be 0 or more, got {self.nugget!r}; try 0")
        object.__setattr__(self, "goal", Goal(self.goal))
        object.__setattr__(self, "weights", check_weights(self.weights))

    @property
    def is_lipschitz_given(self) -> bool:
        """Whether λ was given by the user instead of estimated."""
        return self.lipschitz is not None

    def lipschitz_by_dimension(self, names: Sequence[str]) -> tuple[float, ...] | None:
        """λ for each dimension, in the order of `names`; None means "estimate it".

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


def check_weights(weights: Sequence[float]) -> Weights:
    """Return `weights` as a triple (size, latency, error) if they are valid."""
    size, latency, error = fields_of(Question)["weights"].check(tuple(weights))
    return float(size), float(latency), float(error)


def check_audit(count: int, space_size: int) -> int:
    """Return `count` if a space can have that many architectures left to audit."""
    if not 1 <= count < space_size:
        raise InvalidFieldError(
            "audit",
            f"an audit trains 1 to {space_size - 1} of {space_size} architectures, of which some "
            f"are evaluated already, got {count}",
        )
    return count
