"""The guarantee ledger: what a claim rests on, as codes with numbers. `bort.report` has the words.

Each fact is one assumption with the evidence for it. A fact names architectures by their labels,
so that it can be read without the space.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bort.core.errors import InvalidDataError
from bort.core.question import Goal
from bort.core.serialise import from_json, to_json
from bort.search.bounds import monotone_record
from bort.search.lipschitz import TOLERANCE

if TYPE_CHECKING:
    from bort.search.state import SearchState


class Status(StrEnum):
    """How far an assumption can be trusted."""

    CHECKED = "checked"
    ESTIMATED = "estimated"
    ASSUMED = "assumed"
    VIOLATED = "violated"


class Guarantee(StrEnum):
    """What a claim is worth."""

    PROVED = "proved"  # everything is checked or given
    CONDITIONAL = "conditional"  # λ is an estimate
    NONE = "none"


class Ending(StrEnum):
    """Why a search ends."""

    CERTIFIED = "certified"
    EXHAUSTED = "exhausted"
    LIMITED_BY_NOISE = "limited by noise"
    ASSUMPTION_VIOLATED = "assumption violated"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Base of all entries of the ledger."""

    code: ClassVar[str]

    @property
    def status(self) -> Status:
        """How far it can be trusted."""
        return Status.CHECKED

    def to_dict(self) -> dict[str, Any]:
        """JSON values: code, status, and the numbers."""
        return {"code": self.code, "status": str(self.status), **to_json(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DevErrors(Fact):
    """The claim is about the errors on this dev set, as trained."""

    code = "dev-errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationErrors(Fact):
    """The claim is about the population, through intervals for all architectures at once."""

    code = "population-errors"
    confidence: float
    architectures: int
    compares_pairs: bool

    @property
    def status(self) -> Status:
        """The dev examples may be no independent draws."""
        return Status.ASSUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class SizesKnown(Fact):
    """Sizes are counted exactly, or taken as a table lists them."""

    code = "sizes-known"
    are_listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyListed(Fact):
    """Latencies are taken as they are listed."""

    code = "latency-listed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyModelled(Fact):
    """Latencies come from a model; the truth lies within ±band of it."""

    code = "latency-modelled"
    band: float
    epsilon: float

    @property
    def status(self) -> Status:
        """The model was fitted."""
        return Status.ESTIMATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """How λ's predictions of new errors came out.

    Attributes:
        made: so far.
        violated: those that failed.
        worst_excess: by how much ln e of the worst lay outside; 0 where none failed.
        worst_pair: its architecture and the one that it contradicts; None where none failed.
    """

    made: int = 0
    violated: int = 0
    worst_excess: float = 0.0
    worst_pair: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaNotNeeded(Fact):
    """Every architecture is evaluated; a λ that was given may fail all the same."""

    code = "lambda-not-needed"
    record: Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaUnknown(Fact):
    """Too few evaluations to tell every dimension apart."""

    code = "lambda-unknown"
    sources: int

    @property
    def status(self) -> Status:
        """Nothing is claimed yet."""
        return Status.ASSUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaUntested(Fact):
    """λ is estimated, and has not met as many new errors as it has to."""

    code = "lambda-untested"
    sources: int
    predictions: int
    wanted: int

    @property
    def status(self) -> Status:
        """An estimate."""
        return Status.ESTIMATED


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaEstimated(Fact):
    """λ is estimated from evaluated pairs, and was tested."""

    code = "lambda-estimated"
    pairs: int
    record: Predictions
    goal: Goal
    certified_epsilon: float | None

    @property
    def status(self) -> Status:
        """An estimate can be refuted, never proved."""
        return Status.ESTIMATED


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaGiven(Fact):
    """λ is as the user gave it.

    Attributes:
        is_refuted_by_audit: an audited error lay outside what it predicts.
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
    """τ, what one seed adds to a difference of ln e; 0 counts seeds as part of the error."""

    code = "seed-noise"
    nugget: float
    is_measured: bool

    @property
    def status(self) -> Status:
        """Measured from repeated seeds, or taken as given."""
        return Status.ESTIMATED if self.is_measured else Status.ASSUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Monotone(Fact):
    """A larger architecture errs at most 1+σ times as much.

    Attributes:
        pairs: comparable pairs that were evaluated.
        worst_ratio: how many times as much the larger one of the worst pair errs; None where no
            pair breaks σ.
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
    """The scales on which distances are taken, by dimension: log, linear or category."""

    code = "scales"
    scales: dict[str, str]

    @property
    def status(self) -> Status:
        """Chosen by the kind of each column."""
        return Status.ASSUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsFloored(Fact):
    """Errors of 0 count as half an example of `n`, or as `floor` where n is not known."""

    code = "errors-floored"
    count: int
    floor: float
    n: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded(Fact):
    """Architectures whose every training diverged are left out of the claim."""

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
        failed: for which the claim does not hold.
        uncovered_at_most: of the population, with confidence 1 - alpha.
        is_refuting: a trained architecture contradicts a certified claim.
        outside: drawn architectures whose error lay outside what λ predicts.
        worst_excess: by how much ln e of the worst lay outside; 0 where none did.
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
class EveryRowCounts(Fact):
    """Every row of a table counts as evaluated."""

    code = "every-row-counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maximised(Fact):
    """Objectives of a table of which more is better, and which were turned round."""

    code = "maximised"
    objectives: tuple[str, ...]

    @property
    def status(self) -> Status:
        """As the user said."""
        return Status.ASSUMED


Ledger = tuple[Fact, ...]
CODES: dict[str, type[Fact]] = {
    kind.code: kind
    for kind in (
        *(DevErrors, PopulationErrors, SizesKnown, LatencyListed, LatencyModelled),
        *(LambdaNotNeeded, LambdaUnknown, LambdaUntested, LambdaEstimated, LambdaGiven),
        *(SeedNoise, Monotone, Scales, ErrorsFloored, Excluded, Audited),
        *(EveryRowCounts, Maximised),
    )
}


def fact_from_dict(values: Mapping[str, Any]) -> Fact:
    """Inverse of `Fact.to_dict`.

    Raises:
        InvalidDataError: an unknown code, or numbers that are missing or of another kind.
    """
    kind = CODES.get(str(values.get("code")))
    if kind is None:
        raise InvalidDataError(
            f"no entry of a ledger has the code {values.get('code')!r}; known are "
            f"{', '.join(CODES)}"
        )
    return from_json(kind, values, what=f"the ledger's entry {kind.code}")


def ledger_of(state: "SearchState") -> Ledger:
    """The facts that apply to a state, in the order in which they should be read."""
    facts = [_errors(state), _sizes(state), _latency(state), _lipschitz(state)]
    if state.rests_on_lipschitz:
        estimate = state.estimate
        measured = estimate.is_nugget_measured and estimate.nugget > 0
        facts.append(SeedNoise(nugget=estimate.nugget, is_measured=measured))
        if state.question.slack is not None:
            facts.append(_monotone(state, state.question.slack))
    scales = state.problem.scales
    if scales is not None and set(scales) != {"log"}:
        facts.append(Scales(scales=dict(zip(state.problem.names, scales, strict=True))))
    floored = [o for o in state.observations.values() if o.is_floored]
    if floored:
        facts.append(ErrorsFloored(count=len(floored), floor=floored[0].error, n=floored[0].n))
    if state.excluded:
        facts.append(Excluded(count=len(state.excluded)))
    return tuple(facts)


def judge(state: "SearchState", facts: Sequence[Fact]) -> Guarantee:
    """What the claim of a state is worth.

    The latency model's band does not count: the claim is about the listed latencies.
    """
    if state.certified_epsilon is None or any(f.status is Status.VIOLATED for f in facts):
        return Guarantee.NONE
    needs_nothing = state.is_exhausted or not state.goal.needs_errors
    is_proved = needs_nothing or state.estimate.is_given
    return Guarantee.PROVED if is_proved else Guarantee.CONDITIONAL


def _errors(state: "SearchState") -> Fact:
    population = state.population
    if population is None:
        return DevErrors()
    return PopulationErrors(
        confidence=population.confidence,
        architectures=len(state.problem),
        compares_pairs=population.compares_pairs,
    )


def _sizes(state: "SearchState") -> Fact:
    return SizesKnown(are_listed=state.problem.scales is not None)  # only a table has scales


def _latency(state: "SearchState") -> Fact:
    band = state.problem.latency_band
    if not 0 < band < 1:
        return LatencyListed()
    return LatencyModelled(band=band, epsilon=state.question.epsilon)


def _lipschitz(state: "SearchState") -> Fact:
    estimate = state.estimate
    if not state.rests_on_lipschitz:
        return LambdaNotNeeded(record=_record(state) if estimate.is_given else Predictions())
    if estimate.in_force is None:
        return LambdaUnknown(sources=estimate.sources)
    if not estimate.is_tested:
        return LambdaUntested(
            sources=estimate.sources,
            predictions=estimate.predictions,
            wanted=estimate.predictions_wanted,
        )
    goal, certified = state.question.goal, state.certified_epsilon
    if estimate.is_given:
        return LambdaGiven(record=_record(state), goal=goal, certified_epsilon=certified)
    return LambdaEstimated(
        pairs=estimate.pairs, record=_record(state), goal=goal, certified_epsilon=certified
    )


def _record(state: "SearchState") -> Predictions:
    estimate = state.estimate
    if not estimate.violations:
        return Predictions(made=estimate.predictions)
    worst = max(estimate.violations, key=lambda violation: violation.excess)
    return Predictions(
        made=estimate.predictions,
        violated=len(estimate.violations),
        worst_excess=worst.excess,
        worst_pair=(state.problem.label(worst.index), state.problem.label(worst.other)),
    )


def _monotone(state: "SearchState", slack: float) -> Fact:
    pairs, worst = monotone_record(state.problem, state.observations)
    is_broken = worst > np.log1p(slack) + TOLERANCE
    return Monotone(
        slack=slack, pairs=pairs, worst_ratio=float(np.exp(worst)) if is_broken else None
    )
