"""The facts behind a claim, as codes with numbers. `bort.report.ledger` has the words.

Each fact is one assumption with the evidence for it. A fact names architectures by their labels,
so that it can be read without the space.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from bort.core.errors import InvalidDataError
from bort.core.question import Goal
from bort.core.serialise import from_json, to_json


class Status(StrEnum):
    """The four degrees of trust in an assumption."""

    CHECKED = "checked"
    ESTIMATED = "estimated"
    ASSUMED = "assumed"
    VIOLATED = "violated"


class Guarantee(StrEnum):
    """The kind of guarantee that a claim has."""

    PROVED = "proved"  # everything is checked or given
    CONDITIONAL = "conditional"  # λ is an estimate
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Base class of all ledger entries."""

    code: ClassVar[str]
    trust: ClassVar[Status] = Status.CHECKED

    @property
    def status(self) -> Status:
        """The degree of trust in it: `trust`, unless the numbers decide."""
        return self.trust

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values: code, status, and the numbers."""
        return {"code": self.code, "status": str(self.status), **to_json(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DevErrors(Fact):
    """The claim is about the measured errors on this dev set."""

    code = "dev-errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationErrors(Fact):
    """The claim is about the population, through intervals for all architectures at once."""

    code = "population-errors"
    trust = Status.ASSUMED  # the dev examples may not be independent draws
    confidence: float
    architectures: int
    compares_pairs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SizesKnown(Fact):
    """Sizes are counted exactly, or taken as a table lists them."""

    code = "sizes-known"
    are_listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyListed(Fact):
    """Latencies are taken from a table."""

    code = "latency-listed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyModelled(Fact):
    """Latencies come from a model; the true ones are within ±band of it."""

    code = "latency-modelled"
    trust = Status.ESTIMATED  # the model was fitted
    band: float
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRefused(Fact):
    """The latencies were measured on a busy machine: the noise check refuses them."""

    code = "latency-refused"
    trust = Status.VIOLATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """The record of λ's predictions of new errors.

    Attributes:
        made: number of predictions so far.
        violated: number of predictions that failed.
        worst_excess: how far the worst ln e was outside its prediction; 0 if none failed.
        worst_pair: its architecture and the one that it contradicts; None if none failed.
    """

    made: int = 0
    violated: int = 0
    worst_excess: float = 0.0
    worst_pair: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaNotNeeded(Fact):
    """Every architecture is evaluated, so λ is not needed; a given λ may still fail."""

    code = "lambda-not-needed"
    record: Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaUnknown(Fact):
    """There are too few evaluations to separate the dimensions."""

    code = "lambda-unknown"
    trust = Status.ASSUMED  # the claim waits for λ
    anchors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaUntested(Fact):
    """λ is estimated, and has not yet predicted as many new errors as required."""

    code = "lambda-untested"
    trust = Status.ESTIMATED  # an estimate
    anchors: int
    predictions: int
    wanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaEstimated(Fact):
    """λ is estimated from evaluated pairs, and was tested.

    Attributes:
        challenges: architectures that a larger λ would have uncovered first, trained since λ last
            rose; all were within its predictions.
    """

    code = "lambda-estimated"
    trust = Status.ESTIMATED  # an estimate can be refuted, never proved
    pairs: int
    record: Predictions
    goal: Goal
    certified_epsilon: float | None
    challenges: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaGiven(Fact):
    """λ is given by the user.

    Attributes:
        is_refuted_by_audit: an audited error was outside its prediction.
    """

    code = "lambda-given"
    record: Predictions
    goal: Goal
    certified_epsilon: float | None
    is_refuted_by_audit: bool = False

    @property
    def status(self) -> Status:
        """Violated by the first prediction that fails."""
        is_refuted = self.record.violated or self.is_refuted_by_audit
        return Status.VIOLATED if is_refuted else Status.ASSUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedNoise(Fact):
    """τ, how much seeds add to a difference of ln e; 0 counts seeds as part of the error."""

    code = "seed-noise"
    nugget: float
    is_measured: bool

    @property
    def status(self) -> Status:
        """Estimated if measured from repeated seeds, else assumed."""
        return Status.ESTIMATED if self.is_measured else Status.ASSUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Monotone(Fact):
    """A larger architecture has at most 1+σ times the error.

    Attributes:
        pairs: comparable pairs that were evaluated.
        worst_ratio: the larger one's error divided by the smaller one's, in the worst pair; None
            if no pair breaks σ.
    """

    code = "monotone"
    slack: float
    pairs: int
    worst_ratio: float | None

    @property
    def status(self) -> Status:
        """Violated by the first pair that breaks it."""
        return Status.ASSUMED if self.worst_ratio is None else Status.VIOLATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales(Fact):
    """The scales on which distances are measured, by dimension: log, linear or category."""

    code = "scales"
    trust = Status.ASSUMED  # chosen by the kind of each column
    scales: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsFloored(Fact):
    """Errors of 0 count as half an example of `n`, or as `floor` if n is unknown."""

    code = "errors-floored"
    count: int
    floor: float
    n: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded(Fact):
    """The claim excludes architectures whose trainings all diverged."""

    code = "excluded"
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited(Fact):
    """Architectures drawn at random tested the claim itself.

    Attributes:
        number: 1 for a study's first audit.
        goal, epsilon: the claim that was tested.
        alpha: the error probability that it spends.
        drawn: architectures that it trained.
        population: architectures that it could have drawn.
        failed: drawn architectures for which the claim does not hold.
        uncovered_at_most: the most uncovered in the population, with confidence 1 - alpha.
        is_refuting: a trained architecture contradicts a certified claim.
        outside: drawn architectures whose error was outside what λ predicts.
        worst_excess: how far the worst ln e was outside; 0 if none was.
    """

    code = "audited"
    number: int
    goal: Goal
    epsilon: float
    alpha: float
    drawn: int
    population: int
    failed: int
    uncovered_at_most: int
    is_refuting: bool
    outside: int
    worst_excess: float

    @property
    def status(self) -> Status:
        """An audit needs no assumption."""
        return Status.VIOLATED if self.is_refuting else Status.CHECKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """At most a share of the space is uncovered at ε, with confidence 1 - alpha at every moment.

    Attributes:
        share: fixed beforehand.
        at_most: the same as a number of architectures, rounded down.
        epsilon: the smallest ε for which that is known; None if it is for none.
    """

    share: float
    at_most: int
    alpha: float
    epsilon: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotChecked(Fact):
    """Random draws between the picks say how much of the space is uncovered, whatever λ is.

    Attributes:
        goal: "uncovered" means better than W(best) by more than ε if the goal is the best W.
        space_size: N.
        drawn: architectures drawn, those that were evaluated already included.
        trained: those of them that were evaluated because they were drawn.
        statements: from the largest share to the smallest; they all hold together.
    """

    code = "spot-checked"
    goal: Goal
    space_size: int
    drawn: int
    trained: int
    statements: tuple[Uncovered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryRowCounts(Fact):
    """Every row of a table counts as evaluated."""

    code = "every-row-counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maximised(Fact):
    """The objectives of a table for which more is better; they were inverted."""

    code = "maximised"
    trust = Status.ASSUMED  # the user said so
    objectives: tuple[str, ...]


Ledger = tuple[Fact, ...]
CODES: dict[str, type[Fact]] = {
    kind.code: kind
    for kind in (
        *(DevErrors, PopulationErrors, SizesKnown),
        *(LatencyListed, LatencyModelled, LatencyRefused),
        *(LambdaNotNeeded, LambdaUnknown, LambdaUntested, LambdaEstimated, LambdaGiven),
        *(SeedNoise, Monotone, Scales, ErrorsFloored, Excluded, SpotChecked, Audited),
        *(EveryRowCounts, Maximised),
    )
}


def fact_from_dict(values: Mapping[str, Any]) -> Fact:
    """Inverse of `Fact.to_dict`.

    Raises:
        InvalidDataError: the code is unknown, or numbers are missing or of another kind.
    """
    kind = CODES.get(str(values.get("code")))
    if kind is None:
        raise InvalidDataError(
            f"{values.get('code')!r} is not the code of a ledger entry; known codes are "
            f"{', '.join(CODES)}"
        )
    return from_json(kind, values, what=f"the ledger's entry {kind.code}")
