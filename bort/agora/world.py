"""The common base of torus and text runs: a prepared run and the summaries of its rounds.

The loop sees a world's `task`, `parts` and `options`. The observer applies each round's student to
the audit split and describes the training set. Nothing flows back into the loop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from bort.agora.homology import coverage, homology
from bort.agora.loop import (
    AgoraOptions,
    AgoraTask,
    Ending,
    Examples,
    Inputs,
    Parts,
    Represent,
    Round,
    Step,
    Verdict,
    as_inputs,
    error_rate,
)
from bort.agora.loop.values import BoolArray, FloatArray
from bort.tasks import DataWarning


class Rate(NamedTuple):
    """An error rate with its 95% interval, all 0..1."""

    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalResult:
    """The last student, trained on every accepted point.

    Attributes:
        gap: audit minus dev error; it shows how optimistic dev is.
        audit_n: number of audit items.
        ending: why the run ended; None if it has not ended yet.
    """

    dev_error: float
    audit_error: float
    gap: float
    audit_low: float
    audit_high: float
    audit_n: int
    ending: Ending | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSummary:
    """One round as `bort agora run --json` prints it. Its fields are the keys. Rates are 0..1.

    Attributes:
        train_size: number of examples that its student was trained on.
        errors_found: number of dev items that its student gets wrong.
        refused: number of refused points by reason.
        dev_error, dev_low, dev_high, dev_n: dev error, its 95% interval, number of dev items.
        setting: number of the best hyperparameter set.
        surviving_hyperparameters: the sets that the next round trains.
        replayed: number of the round that this one repeats; None if it repeats none.
        ending: why the run ends here; None if it continues.
        audit_error, audit_low, audit_high, audit_n: the same for the audit split.
        gap: audit minus dev error.
        near_dev: number of accepted points that nearly equal dev items; None if not counted.
        betti: Betti numbers of the training set: components, loops, voids.
        coverage: share of dev and pool within the radius of a training point; None if both are
            empty.
    """

    round: int
    train_size: int
    errors_found: int
    proposed: int
    refused: Mapping[Verdict, int]
    accepted: int
    dev_error: float
    dev_low: float
    dev_high: float
    dev_n: int
    setting: int
    surviving_hyperparameters: tuple[Mapping[str, float], ...]
    replayed: int | None
    ending: Ending | None
    audit_error: float
    audit_low: float
    audit_high: float
    audit_n: int
    gap: float
    near_dev: int | None
    betti: tuple[int, ...]
    coverage: float | None
    seconds: float = 0.0

    @property
    def dev(self) -> Rate:
        """Dev error with its interval."""
        return Rate(self.dev_error, self.dev_low, self.dev_high)

    @property
    def audit(self) -> Rate:
        """Audit error with its interval."""
        return Rate(self.audit_error, self.audit_low, self.audit_high)

    @property
    def final(self) -> FinalResult:
        """The run's result if it ended with this round."""
        return FinalResult(
            dev_error=self.dev_error,
            audit_error=self.audit_error,
            gap=self.gap,
            audit_low=self.audit_low,
            audit_high=self.audit_high,
            audit_n=self.audit_n,
            ending=self.ending,
        )

    def corrected(self, r: Round) -> "RoundSummary":
        """Recount the points after the user corrected some of them."""
        near_dev = self.near_dev if len(r.accepted) == self.accepted else None
        return replace(self, accepted=len(r.accepted), refused=r.refused, near_dev=near_dev)


@dataclass(frozen=True, eq=False, slots=True)
class Observer:
    """Describes each round from outside the loop.

    Attributes:
        audit: the split that the loop never sees.
        to_cover: inputs whose coverage is measured: dev and, if there is one, the pool.
        radius: a point is covered if a training point is this close.
        dimension: highest dimension of the homology, 2 for points on a surface, 1 for texts.
        is_near_dev: marks inputs that nearly equal dev items; None if they are not counted.
    """

    audit: Examples
    represent: Represent
    to_cover: Inputs
    radius: float
    dimension: int
    is_near_dev: Callable[[Inputs], BoolArray] | None = None

    def summary(self, step: Step, options: AgoraOptions) -> RoundSummary:
        """Summarise a round, except for how long it took.

        Cost: one prediction on the audit split, one representation of the training set, and the
        homology of 200 landmarks.
        """
        r = step.round
        vectors = self.represent(step.examples.inputs)
        shape = homology(vectors, dimension=self.dimension)
        dev = r.dev_error
        audit = error_rate(step.model.predict(self.audit.inputs), self.audit.labels)
        return RoundSummary(
            round=r.number,
            train_size=r.train_size,
            errors_found=r.errors_found,
            proposed=r.proposed,
            refused=r.refused,
            accepted=len(r.accepted),
            dev_error=dev.rate,
            dev_low=dev.low,
            dev_high=dev.high,
            dev_n=dev.n,
            setting=r.setting,
            surviving_hyperparameters=tuple(options.hyperparameter_sets[k] for k in r.surviving),
            replayed=r.replayed,
            ending=r.ending,
            audit_error=audit.rate,
            audit_low=audit.low,
            audit_high=audit.high,
            audit_n=audit.n,
            gap=audit.rate - dev.rate,
            near_dev=self._near_dev(r),
            betti=shape.betti,
            coverage=coverage(self.represent(self.to_cover), vectors, radius=self.radius),
        )

    def _near_dev(self, r: Round) -> int | None:
        if self.is_near_dev is None:
            return None
        values = [point.value for point in r.accepted]
        return int(self.is_near_dev(as_inputs(values)).sum()) if values else 0


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class World:
    """A run, ready to start. Only `task`, `parts` and `options` are passed to the loop.

    Attributes:
        audit: the split that the loop never sees.
        parts: student, labeler, representation, sampler, guard.
        minutes: no round starts after this many minutes; None means no limit.
        warnings: problems found while preparing the data.
    """

    task: AgoraTask
    audit: Examples
    parts: Parts
    options: AgoraOptions
    observer: Observer
    minutes: float | None = None
    warnings: tuple[DataWarning, ...] = ()

    def recall(self, rounds: Sequence[Round]) -> None:
        """Restore what stored rounds left in memory, so that a resumed run gets the same bits."""

    def map_vectors(self, inputs: Inputs) -> FloatArray | None:
        """Return the vectors for a map of `inputs`; None if the inputs are vectors themselves."""
        del inputs
        return None

    def describe(self) -> dict[str, Any]:
        """Return what the results depend on, ready for JSON."""
        return {"class_names": list(self.task.class_names), "radius": self.options.radius}
