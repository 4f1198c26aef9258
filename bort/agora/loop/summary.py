"""What a listener makes of a round: the audit error, the shape of the training set, one row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bort.agora.loop.parts import Represent
from bort.agora.loop.rounds import Round
from bort.agora.loop.run import Step
from bort.agora.loop.values import BoolArray, ErrorRate, Examples, Inputs, as_inputs, error_rate
from bort.agora.torus.homology import coverage, homology


@dataclass(frozen=True, eq=False, slots=True)
class Observer:
    """Looks at each round from outside the loop; nothing it sees goes back.

    Attributes:
        audit: the split that the loop never sees.
        represent: the representation space.
        to_cover: inputs whose coverage is told: dev and, where there is one, the pool.
        radius: a point is covered when a training point lies within it.
        dimension: of the homology, 2 for points on a surface, 1 for texts.
        is_near_dev: which inputs are nearly dev items; None where that is not asked.
    """

    audit: Examples
    represent: Represent
    to_cover: Inputs
    radius: float
    dimension: int
    is_near_dev: Callable[[Inputs], BoolArray] | None = None

    def summary(self, step: Step) -> dict[str, Any]:
        """The round as `bort agora run --json` shows it; rates are shares, 0..1.

        `gap` is audit minus dev error: what looking at dev flatters.

        Cost: one prediction of the audit split, one representation of the training set, and the
        homology of 200 landmarks.
        """
        vectors = self.represent(step.examples.inputs)
        shape = homology(vectors, dimension=self.dimension)
        audit = error_rate(step.model.predict(self.audit.inputs), self.audit.labels)
        return {
            **round_row(step.round),
            **_rates("audit", audit),
            "gap": audit.rate - step.round.dev_error.rate,
            "near_dev": self._near_dev(step.round),
            "betti": list(shape.betti),
            "coverage": coverage(self.represent(self.to_cover), vectors, radius=self.radius),
        }

    def _near_dev(self, r: Round) -> int | None:
        """How many of a round's accepted points are nearly dev items."""
        if self.is_near_dev is None:
            return None
        values = [point.value for point in r.accepted]
        return int(self.is_near_dev(as_inputs(values)).sum()) if values else 0


def round_row(r: Round) -> dict[str, Any]:
    """What the loop itself knows of a round, for people and programs."""
    return {
        "round": r.number,
        "train_size": r.train_size,
        "errors_found": r.errors_found,
        "proposed": r.proposed,
        "refused": r.refused,
        "accepted": len(r.accepted),
        **_rates("dev", r.dev_error),
        "setting": r.setting,
        "surviving_hyperparameters": list(r.surviving),
        "replayed": r.replayed,
        "ending": None if r.ending is None else str(r.ending),
    }


def final_result(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The last student: the one trained on everything that was accepted.

    Args:
        rows: what `Observer.summary` gave for each round, at least one.
    """
    last = rows[-1]
    keys = ("dev_error", "audit_error", "gap", "audit_low", "audit_high", "audit_n", "ending")
    return {key: last[key] for key in keys}


def _rates(split: str, error: ErrorRate) -> dict[str, float | int]:
    return {
        f"{split}_error": error.rate,
        f"{split}_low": error.low,
        f"{split}_high": error.high,
        f"{split}_n": error.n,
    }
