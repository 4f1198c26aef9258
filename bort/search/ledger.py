"""The guarantee ledger: every assumption, whether it was checked, and the evidence."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bort.search.lipschitz import TOLERANCE
from bort.search.monotone import monotone_record
from bort.search.state import SearchState

Status = Literal["checked", "estimated", "assumed", "violated"]
Guarantee = Literal["proved", "conditional", "none"]
ERROR_CHANGES = "error changes no faster than λ"


@dataclass(frozen=True, slots=True)
class Entry:
    """One assumption of the guarantee.

    Attributes:
        assumption: what is assumed, in a few words.
        status: checked, estimated, assumed or violated.
        evidence: one or two sentences with the numbers.
    """

    assumption: str
    status: Status
    evidence: str


def build_ledger(state: SearchState) -> tuple[Entry, ...]:
    """The entries that apply to this state, in the order in which they should be read."""
    entries = [_error(state), _size(state), _latency(state), _lipschitz(state)]
    if not (state.is_exhausted or state.question.goal.evaluates_everything):
        entries.append(_nugget(state))
        if state.question.slack is not None:
            entries.append(_monotone(state))
    entries += _scales(state) + _floor(state) + _excluded(state)
    return tuple(entries)


def judge(state: SearchState, ledger: tuple[Entry, ...]) -> Guarantee:
    """proved: everything is checked or given; conditional: λ is an estimate; or none.

    The latency model's band does not count: the claim is about the listed latencies.
    """
    if state.certified_epsilon is None or any(e.status == "violated" for e in ledger):
        return "none"
    needs_nothing = state.is_exhausted or (
        state.question.goal == "best" and state.question.weights[2] == 0
    )
    return "proved" if needs_nothing or state.estimate.is_given else "conditional"


def _error(state: SearchState) -> Entry:
    population = state.population
    if population is None:
        return Entry(
            "error on this dev set, as trained",
            "checked",
            "The claim is about the errors measured on this dev set by these trainings, "
            "not about other data.",
        )
    text = f"Intervals at {population.confidence:.4g} confidence for all {len(state.problem)} "
    text += "architectures at once, if the dev examples are independent draws from the "
    text += "population that no training has seen. "
    text += (
        "Pairs are compared on the examples that both answered."
        if population.compares_pairs
        else "Each architecture's interval stands for itself; pairs are not compared."
    )
    return Entry("error in the population", "assumed", text)


def _size(state: SearchState) -> Entry:
    if state.problem.scales is not None:  # a table
        return Entry("sizes", "checked", "Certified for the sizes as listed.")
    return Entry("parameter counts", "checked", "Counted exactly for every architecture.")


def _latency(state: SearchState) -> Entry:
    band, epsilon = state.problem.latency_band, state.question.epsilon
    if not 0 < band < 1:
        return Entry("latency", "checked", "Certified for the latencies as listed.")
    truth = (1 + epsilon) * (1 + band) / (1 - band)
    return Entry(
        "latency",
        "estimated",
        f"Certified for the model's latencies, a factor of {1 + epsilon:.3g}. If the true ones "
        f"are within ±{band:.1%} of the model, they are covered within a factor of {truth:.3g}.",
    )


def _lipschitz(state: SearchState) -> Entry:
    name, estimate = ERROR_CHANGES, state.estimate
    if state.is_exhausted or state.question.goal.evaluates_everything:
        text = "Not needed: every architecture is evaluated."
        if estimate.is_given and estimate.violations:
            text += f" (λ as given would not hold: {_record(state)}.)"
        return Entry(name, "checked", text)
    if estimate.in_force is None:
        text = f"λ cannot be estimated yet: {estimate.sources} evaluations do not tell every "
        return Entry(name, "assumed", text + "dimension apart.")
    if not estimate.is_tested:
        text = f"λ estimated from {estimate.sources} evaluations; {estimate.predictions} of "
        text += f"{estimate.predictions_wanted} predictions made that must test it first."
        return Entry(name, "estimated", text)
    record = _record(state)
    if not estimate.is_given:
        text = f"λ estimated (envelope times 2 over {estimate.pairs} pairs; {record})."
        return Entry(name, "estimated", f"{text} If it holds, {_claim(state)}")
    if estimate.violations:
        return Entry(name, "violated", f"λ as given; {record}: it does not hold.")
    return Entry(name, "assumed", f"λ as given; {record}. If it holds, {_claim(state)}")


def _record(state: SearchState) -> str:
    estimate = state.estimate
    record = f"{len(estimate.violations)} of {estimate.predictions} predictions violated"
    if not estimate.violations:
        return record
    worst = np.expm1(estimate.worst_excess)
    return f"{record}, worst by {worst:.2g} of the error ({_pair(state)})"


def _pair(state: SearchState) -> str:
    worst = max(state.estimate.violations, key=lambda violation: violation.excess)
    label = state.problem.label
    return f"{label(worst.index)} against {label(worst.other)}"


def _claim(state: SearchState) -> str:
    if state.certified_epsilon is None:
        return "nothing is certified yet."
    if state.question.goal == "best":
        return f"the best W is within a factor of {1 - state.certified_epsilon:.3g} of the largest."
    factor = 1 + state.certified_epsilon
    return f"every architecture is covered within a factor of {factor:.3g}."


def _nugget(state: SearchState) -> Entry:
    nugget = state.nugget
    if nugget == 0:
        text = "τ = 0: an error is defined as its trainings gave it, their seeds included."
        return Entry("what one seed adds", "assumed", text)
    if not state.estimate.is_nugget_measured:
        return Entry("what one seed adds", "assumed", f"τ = {nugget:.3g} of ln error, as given.")
    text = f"τ = {nugget:.3g} of ln error between two means over seeds, measured from the first "
    text += "architectures' seeds; it holds for 95 of 100 pairs if seeds err normally."
    return Entry("what one seed adds", "estimated", text)


def _monotone(state: SearchState) -> Entry:
    name = "a larger architecture errs no more than 1+σ times as much"
    slack = state.question.slack or 0.0
    pairs, worst = monotone_record(state.problem, state.observations)
    if worst > np.log1p(slack) + TOLERANCE:
        text = f"σ = {slack:.3g}; among {pairs} comparable pairs one errs {np.exp(worst):.3g} times"
        return Entry(name, "violated", text + " as much: it does not hold.")
    return Entry(name, "assumed", f"σ = {slack:.3g}; no violation among {pairs} comparable pairs.")


def _scales(state: SearchState) -> list[Entry]:
    scales = state.problem.scales
    if scales is None or set(scales) == {"log"}:
        return []
    pairs = zip(state.problem.names, scales, strict=True)
    text = "Distances are taken on these scales: " + ", ".join(f"{n} {s}" for n, s in pairs) + "."
    return [Entry("scales of the dimensions", "assumed", text)]


def _floor(state: SearchState) -> list[Entry]:
    floored = [o for o in state.observations.values() if o.is_floored]
    if not floored:
        return []
    floor = f"{floored[0].error:.3g}" + (", 1/(2 n_dev)" if floored[0].n else "")
    text = f"{len(floored)} errors of 0 are taken as {floor}: what is promised is an error of "
    text += "at most (1+ε) times the larger of the true one and this."
    return [Entry("errors of 0", "checked", text)]


def _excluded(state: SearchState) -> list[Entry]:
    excluded = sum(o.is_excluded for o in state.observations.values())
    if not excluded:
        return []
    text = f"{excluded} architectures diverged in training and in every retry: they are left out "
    return [Entry("excluded", "checked", text + "of the claim and bound no other.")]
