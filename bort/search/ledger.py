"""The guarantee ledger of a state, and the guarantee of its claim."""

from collections.abc import Sequence

import numpy as np

from bort.search.bounds import monotone_record
from bort.search.facts import (
    DevErrors,
    ErrorsFloored,
    Excluded,
    Fact,
    Guarantee,
    LambdaEstimated,
    LambdaGiven,
    LambdaNotNeeded,
    LambdaUnknown,
    LambdaUntested,
    LatencyListed,
    LatencyModelled,
    LatencyRefused,
    Ledger,
    Monotone,
    PopulationErrors,
    Predictions,
    Scales,
    SeedNoise,
    SizesKnown,
    Status,
)
from bort.search.lipschitz import TOLERANCE
from bort.search.spot_checks import spot_check_fact
from bort.search.state import SearchState


def ledger_of(state: SearchState) -> Ledger:
    """List the facts that apply to a state, in reading order."""
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
    spot_checked = spot_check_fact(state.problem, state.observations, state.question)
    if spot_checked is not None:
        facts.append(spot_checked)
    return tuple(facts)


def judge(state: SearchState, facts: Sequence[Fact]) -> Guarantee:
    """Determine the guarantee of a state's claim.

    The latency model's band does not count: the claim is about the listed latencies.
    """
    if state.certified_epsilon is None or any(f.status is Status.VIOLATED for f in facts):
        return Guarantee.NONE
    needs_nothing = state.is_exhausted or not state.goal.needs_errors
    is_proved = needs_nothing or state.estimate.is_given
    return Guarantee.PROVED if is_proved else Guarantee.CONDITIONAL


def _errors(state: SearchState) -> Fact:
    population = state.population
    if population is None:
        return DevErrors()
    return PopulationErrors(
        confidence=population.confidence,
        architectures=len(state.problem),
        compares_pairs=population.compares_pairs,
    )


def _sizes(state: SearchState) -> Fact:
    return SizesKnown(are_listed=state.problem.scales is not None)  # only a table has scales


def _latency(state: SearchState) -> Fact:
    if state.problem.latency_is_refused:
        return LatencyRefused()
    band = state.problem.latency_band
    if not band:
        return LatencyListed()
    return LatencyModelled(band=band, epsilon=state.question.epsilon)


def _lipschitz(state: SearchState) -> Fact:
    estimate = state.estimate
    if not state.rests_on_lipschitz:
        return LambdaNotNeeded(record=_record(state) if estimate.is_given else Predictions())
    if estimate.in_force is None:
        return LambdaUnknown(anchors=estimate.anchors)
    if not estimate.is_tested:
        return LambdaUntested(
            anchors=estimate.anchors,
            predictions=estimate.predictions_counted,
            wanted=estimate.predictions_wanted,
        )
    goal, certified = state.question.goal, state.certified_epsilon
    if estimate.is_given:
        return LambdaGiven(record=_record(state), goal=goal, certified_epsilon=certified)
    return LambdaEstimated(
        pairs=estimate.pairs,
        record=_record(state),
        goal=goal,
        certified_epsilon=certified,
        challenges=state.challenges,
    )


def _record(state: SearchState) -> Predictions:
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


def _monotone(state: SearchState, slack: float) -> Fact:
    pairs, worst = monotone_record(state.problem, state.observations)
    is_broken = worst > np.log1p(slack) + TOLERANCE
    return Monotone(
        slack=slack, pairs=pairs, worst_ratio=float(np.exp(worst)) if is_broken else None
    )
