"""Words for the guarantee ledger and for audits, made from their codes and numbers."""

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np

from bort.core.question import Goal
from bort.search import facts
from bort.search.audit import AuditResult
from bort.search.facts import Fact, Status, fact_from_dict

STATUSES = {
    Status.CHECKED: "computed or measured here, nothing to believe",
    Status.ESTIMATED: "learned from the trainings so far; more of them may refute it",
    Status.ASSUMED: "taken as given, and not tested",
    Status.VIOLATED: "refuted by a training: the claim falls",
}


class Words(NamedTuple):
    """An entry of the ledger for people: what is assumed, and the evidence."""

    assumption: str
    evidence: str


def ledger_rows(ledger: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A stored ledger for people: assumption, status and evidence of each entry.

    Entries of a code that this version does not know are left out.
    """
    found = [fact_from_dict(row) for row in ledger if row.get("code") in facts.CODES]
    return [{**words(fact)._asdict(), "status": str(fact.status)} for fact in found]


def audit_statement(result: AuditResult) -> str:
    """What an audit found, without a full stop."""
    return _audit_statement(
        goal=result.plan.goal,
        epsilon=result.plan.epsilon,
        alpha=result.plan.alpha,
        drawn=len(result.plan.drawn),
        population=result.population,
        failed=len(result.failed),
        uncovered_at_most=result.uncovered_at_most,
    )


def _audit_statement(
    *,
    goal: Goal,
    epsilon: float,
    alpha: float,
    drawn: int,
    population: int,
    failed: int,
    uncovered_at_most: int,
) -> str:
    what = "better than the best W" if goal is Goal.BEST else "uncovered"
    return (
        f"{drawn} of {population} were audited at random and {failed} failed. With "
        f"{100 * (1 - alpha):.6g}% confidence at most {uncovered_at_most} of {population} are "
        f"{what} at ε = {epsilon:.3g}, on this dev set"
    )


@singledispatch
def words(fact: Fact) -> Words:
    """An entry of the ledger for people."""
    raise NotImplementedError(f"no words for {fact.code}")


@words.register
def _(_fact: facts.DevErrors) -> Words:
    return Words(
        "error on this dev set, as trained",
        "The claim is about the errors that these trainings had on this dev set, not about other "
        "data.",
    )


@words.register
def _(fact: facts.PopulationErrors) -> Words:
    pairs = (
        "Pairs are compared on the examples that both answered."
        if fact.compares_pairs
        else "Each architecture has an interval of its own; pairs are not compared."
    )
    return Words(
        "error in the population",
        f"The intervals of all {fact.architectures:,} architectures hold together at "
        f"{fact.confidence:.4g} confidence, if the dev examples are independent draws from the "
        f"population that no training has seen. {pairs}",
    )


@words.register
def _(fact: facts.SizesKnown) -> Words:
    if fact.are_listed:
        return Words("sizes", "Certified for the sizes as listed.")
    return Words("parameter counts", "Counted exactly for every architecture.")


@words.register
def _(_fact: facts.LatencyListed) -> Words:
    return Words("latency", "Certified for the latencies as listed.")


@words.register
def _(fact: facts.LatencyModelled) -> Words:
    factor = 1 + fact.epsilon
    truth = factor * (1 + fact.band) / (1 - fact.band)
    return Words(
        "latency",
        f"Certified for the model's latencies, within a factor of {factor:.3g}. If the true ones "
        f"lie within ±{fact.band:.1%} of the model, they are covered within a factor of "
        f"{truth:.3g}.",
    )


_LIPSCHITZ = "error changes no faster than λ"


@words.register
def _(fact: facts.LambdaNotNeeded) -> Words:
    text = "Not needed: every architecture is evaluated."
    if fact.record.violated:
        text += f" (λ as given would not hold: {_record(fact.record)}.)"
    return Words(_LIPSCHITZ, text)


@words.register
def _(fact: facts.LambdaUnknown) -> Words:
    return Words(
        _LIPSCHITZ,
        f"λ cannot be estimated yet: {fact.anchors} evaluations do not tell every dimension apart.",
    )


@words.register
def _(fact: facts.LambdaUntested) -> Words:
    return Words(
        _LIPSCHITZ,
        f"λ is estimated from {fact.anchors} evaluations. It has met {fact.predictions} of the "
        f"{fact.wanted} new errors that must test it first.",
    )


@words.register
def _(fact: facts.LambdaEstimated) -> Words:
    return Words(
        _LIPSCHITZ,
        f"λ is estimated (twice the envelope of {fact.pairs} pairs; {_record(fact.record)}). If it "
        f"holds, {_covered(fact.goal, fact.certified_epsilon)}",
    )


@words.register
def _(fact: facts.LambdaGiven) -> Words:
    audit = " The audit refutes it." if fact.is_refuted_by_audit else ""
    if fact.record.violated:
        return Words(_LIPSCHITZ, f"λ as given does not hold: {_record(fact.record)}.{audit}")
    claim = _covered(fact.goal, fact.certified_epsilon)
    return Words(_LIPSCHITZ, f"λ as given; {_record(fact.record)}. If it holds, {claim}{audit}")


def _record(record: facts.Predictions) -> str:
    text = f"{record.violated} of {record.made} predictions violated"
    if record.worst_pair is None:
        return text
    pair = " against ".join(record.worst_pair)
    return f"{text}, the worst by {np.expm1(record.worst_excess):.2g} of the error ({pair})"


def _covered(goal: Goal, certified_epsilon: float | None) -> str:
    if certified_epsilon is None:
        return "nothing is certified yet."
    if goal is Goal.BEST:
        return f"the best W is within a factor of {1 - certified_epsilon:.3g} of the largest."
    return f"every architecture is covered within a factor of {1 + certified_epsilon:.3g}."


@words.register
def _(fact: facts.SeedNoise) -> Words:
    name = "what one seed adds"
    if fact.is_measured:
        return Words(
            name,
            f"τ = {fact.nugget:.3g} of ln error between two means over seeds, measured from the "
            "seeds of the first architectures. It holds for 95 of 100 pairs if seeds err normally.",
        )
    if fact.nugget:
        return Words(name, f"τ = {fact.nugget:.3g} of ln error, as given.")
    return Words(name, "τ = 0: an error is what its trainings gave, their seeds included.")


@words.register
def _(fact: facts.Monotone) -> Words:
    name = "a larger architecture errs no more than 1+σ times as much"
    if fact.worst_ratio is None:
        text = f"σ = {fact.slack:.3g}; no violation among {fact.pairs} comparable pairs."
    else:
        text = (
            f"σ = {fact.slack:.3g} does not hold: in one of {fact.pairs} comparable pairs the "
            f"larger one errs {fact.worst_ratio:.3g} times as much."
        )
    return Words(name, text)


@words.register
def _(fact: facts.Scales) -> Words:
    scales = ", ".join(f"{name} {scale}" for name, scale in fact.scales.items())
    return Words("scales of the dimensions", f"Distances are measured on these scales: {scales}.")


@words.register
def _(fact: facts.ErrorsFloored) -> Words:
    floor = f"{fact.floor:.3g}" + (", 1/(2 n_dev)" if fact.n else "")
    return Words(
        "errors of 0",
        f"{fact.count} errors of 0 count as {floor}. An error is promised to be at most (1+ε) "
        "times the larger of the true one and this.",
    )


@words.register
def _(fact: facts.Excluded) -> Words:
    return Words(
        "excluded",
        f"{fact.count} architectures diverged in training and in every retry. They are left out "
        "of the claim and bound no others.",
    )


@words.register
def _(fact: facts.Audited) -> Words:
    statement = _audit_statement(
        goal=fact.goal,
        epsilon=fact.epsilon,
        alpha=fact.alpha,
        drawn=fact.drawn,
        population=fact.population,
        failed=fact.failed,
        uncovered_at_most=fact.uncovered_at_most,
    )
    lambda_ = (
        f"{fact.outside} errors lie outside what λ predicts, the worst by "
        f"{np.expm1(fact.worst_excess):.1%}."
        if fact.outside
        else "All errors lie within what λ predicts."
    )
    return Words("audit, which needs no assumption", f"{statement}. {lambda_}")


@words.register
def _(_fact: facts.EveryRowCounts) -> Words:
    return Words("errors as listed", "Every row counts as evaluated, so nothing is assumed.")


@words.register
def _(fact: facts.Maximised) -> Words:
    return Words(
        "what is maximised",
        f"More is better for {', '.join(fact.objectives)}: an error counts as 1 minus its value, a "
        "size or latency as 1 divided by it.",
    )
