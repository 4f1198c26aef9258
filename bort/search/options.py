"""What a search is asked to certify, checked once and shared by the search and its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.study import GOALS, check_epsilon, check_weights
from bort.search.arrays import FloatArray, frozen
from bort.search.population import Population
from bort.search.problem import SearchProblem

LARGEST_LIPSCHITZ = 1e9  # more bounds nothing, and overflows

Lipschitz = float | Mapping[str, float] | Sequence[float] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchOptions:
    """Goal and assumptions of one search.

    Attributes:
        goal: "cover", "best", "paper" or "exhaustive".
        epsilon: ε > 0.
        weights: cost weights of size, latency and error, each >= 0, not all 0.
        lipschitz: shape (K,), λ as given, or None to estimate it.
        slack: σ >= 0 assumes monotone errors, None does not.
        nugget: τ >= 0, what one training's seed adds to a difference of ln e; None is 0 with a
            given λ, and measured from repeated seeds, where there are any, with an estimated one.
        population: what intervals and comparisons hold for; None speaks of this dev set.

    Raises:
        InvalidOptionError: a value that cannot be used.
    """

    goal: str = "cover"
    epsilon: float = 0.25
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    lipschitz: FloatArray | None = None
    slack: float | None = None
    nugget: float | None = None
    population: Population | None = None

    def __post_init__(self) -> None:
        if self.goal not in GOALS:
            raise InvalidOptionError(f"unknown goal {self.goal!r}; choose one of {GOALS}")
        check_epsilon(self.epsilon)
        object.__setattr__(self, "weights", check_weights(self.weights))
        if self.slack is not None and not 0 <= self.slack < np.inf:
            raise InvalidOptionError(f"σ must be 0 or more, got {self.slack}; leave it out")
        if self.nugget is not None and not 0 <= self.nugget < np.inf:
            raise InvalidOptionError(f"τ must be 0 or more, got {self.nugget}; try 0")

    @property
    def delta(self) -> float:
        """δ = ln(1+ε)."""
        return float(np.log1p(self.epsilon))

    @property
    def log_room(self) -> float:
        """δ' = -ln(1-ε), what the best W may fall short by; infinite from ε = 1 on."""
        return np.inf if self.epsilon >= 1 else -float(np.log1p(-self.epsilon))

    @property
    def evaluates_everything(self) -> bool:
        """The modes that need no assumption because they leave nothing out."""
        return self.goal in ("paper", "exhaustive")


def lipschitz_vector(problem: SearchProblem, given: Lipschitz) -> FloatArray | None:
    """λ as one number per dimension, from one number, a mapping by name, or a sequence.

    Raises:
        InvalidOptionError: a dimension is missing or unknown, or a number is negative.
    """
    if given is None:
        return None
    if isinstance(given, Mapping):
        unknown = sorted(set(given) - set(problem.names))
        missing = [n for n in problem.names if n not in given]
        if unknown or missing:
            raise InvalidOptionError(
                f"λ needs one number for each of {', '.join(problem.names)}; "
                f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
        given = [given[name] for name in problem.names]
    vector = np.broadcast_to(np.asarray(given, dtype=float), (len(problem.names),))
    if not ((vector >= 0) & (vector <= LARGEST_LIPSCHITZ)).all():
        raise InvalidOptionError(
            f"λ must be 0 or more, {LARGEST_LIPSCHITZ:g} at most, got {given}; try 0.2, or leave "
            "it out"
        )
    return frozen(vector)  # type: ignore[return-value]
