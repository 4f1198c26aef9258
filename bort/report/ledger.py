"""Sentences about the guarantee ledger and audits, made from codes and numbers."""

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np

from bort.core.question import Goal
from bort.report.numbers import counted, rounded_down, rounded_up
from bort.search import facts
from bort.search.audit import AuditFinding
from bort.search.facts import Fact, Status, fact_from_dict
from bort.search.spot_checks import could_state

STATUSES = {
    Status.CHECKED: "computed or measured here; nothing is assumed",
    Status.ESTIMATED: "learned from the trainings so far; later ones may refute it",
    Status.ASSUMED: "taken as given and not tested",
    Status.VIOLATED: "refuted by a training, so the claim fails",
}


class Words(NamedTuple):
    """The words of a ledger entry: the assumption and the evidence."""

    assumption: str
    evidence: str


def ledger_rows(ledger: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Put a stored ledger into words: assumption, status and evidence of each entry.

    Entries whose code this version does not know are left out.
    """
    found = [fact_from_dict(row) for row in ledger if row.get("code") in facts.CODES]
    return [{**words(fact)._asdict(), "status": str(fact.status)} for fact in found]


def audit_statement(found: AuditFinding | facts.Audited) -> str:
    """Say what an audit found, without a full stop."""
    what = "better than the best W" if found.goal is Goal.BEST else "uncovered"
    return (
        f"{found.drawn} of {found.population} were audited at random and {found.failed} failed. "
        f"With {100 * (1 - found.alpha):.6g}% confidence at most {found.uncovered_at_most} of "
        f"{found.population} are {what} at ε = {rounded_up(found.epsilon)}, on this dev set"
    )


def spot_check_statement(fact: facts.SpotChecked) -> str:
    """Say what spot checks show, without a full stop."""
    drawn = (
        f"{fact.drawn:,} of {fact.space_size:,} were drawn at random, {fact.trained:,} of them "
        "trained for it"
    )
    known = [one for one in fact.statements if one.epsilon is not None]
    if not known:
        first = fact.statements[0]
        return (
            f"{drawn}. That is too few to say more; {spot_checks_needed(fact)} draws in a row "
            f"without a failure say at most {first.share:.0%} uncovered"
        )
    what = "better than the best W" if fact.goal is Goal.BEST else "uncovered"
    listed = [f"{one.share:.0%} at ε = {rounded_up(one.epsilon or 0.0)}" for one in known]
    confidence = 1 - sum(one.alpha for one in fact.statements)
    return (
        f"{drawn}. With {100 * confidence:.6g}% confidence, at most this share of the space is "
        f"{what}, on this dev set: {', '.join(listed)}"
    )


def spot_check_statements(ledger: Iterable[Fact]) -> list[str]:
    """Say what spot checks show, if there are any."""
    return [spot_check_statement(fact) for fact in ledger if isinstance(fact, facts.SpotChecked)]


def spot_checks_json(ledger: Iterable[Fact]) -> dict[str, Any] | None:
    """Build the numbers and the statement of spot checks; None if there are none."""
    for fact in ledger:
        if isinstance(fact, facts.SpotChecked):
            kept = {key: fact.to_dict()[key] for key in ("drawn", "trained", "statements")}
            return {**kept, "statement": spot_check_statement(fact)}
    return None


def spot_checks_needed(fact: facts.SpotChecked) -> int:
    """Count the draws whose success, from the first on, gives the first statement."""
    first = fact.statements[0]
    draws = range(1, fact.space_size + 1)
    return next(n for n in draws if could_state(first, draws=n, space_size=fact.space_size))


def spot_checked_epsilon(ledger: Iterable[Fact]) -> tuple[float, float] | None:
    """Return the smallest share with a statement, and its ε; None if there is none."""
    found = [fact for fact in ledger if isinstance(fact, facts.SpotChecked)]
    known = [one for fact in found for one in fact.statements if one.epsilon is not None]
    return None if not known else (known[-1].share, known[-1].epsilon or 0.0)


@singledispatch
def words(fact: Fact) -> Words:
    """Put a ledger entry into words."""
    raise NotImplementedError(f"no words for {fact.code}")


@words.register
def _(_fact: facts.DevErrors) -> Words:
    return Words(
        "error on this dev set, as trained",
        "The claim covers only the errors measured in these trainings on this dev set, not "
        "other data.",
    )


@words.register
def _(fact: facts.PopulationErrors) -> Words:
    pairs = (
        "Pairs are compared on the same examples."
        if fact.compares_pairs
        else "Each architecture has its own interval; pairs are not compared."
    )
    return Words(
        "error in the population",
        f"The intervals of all {fact.architectures:,} architectures hold simultaneously with "
        f"{fact.confidence:.6g} confidence, if the dev examples are independent draws from the "
        "population, and neither a training nor a teacher of your own has learned from them. "
        f"{pairs}",
    )


@words.register
def _(fact: facts.SizesKnown) -> Words:
    if fact.are_listed:
        return Words("sizes", "Certified for the sizes in the table.")
    return Words("sizes", "Counted for every architecture in closed form.")


@words.register
def _(_fact: facts.LatencyListed) -> Words:
    return Words("latency", "Certified for the latencies in the table.")


@words.register
def _(fact: facts.LatencyModelled) -> Words:
    if fact.band >= 1:
        return Words(
            "latency",
            "What is certified is about the predicted latencies. One in ten measured ones was off "
            "by 100% or more, so nothing follows for the true ones.",
        )
    wider = (1 + fact.band) / (1 - fact.band)
    return Words(
        "latency",
        "What is certified is about the predicted latencies. If the true ones are within "
        f"±{fact.band:.1%} of the predictions, a factor of the predicted latency is at most "
        f"{rounded_up(wider)} times as large for the true one.",
    )


@words.register
def _(_fact: facts.LatencyRefused) -> Words:
    return Words(
        "latency",
        "The noise check refused the measurement: the machine was busy, so architectures may be "
        "ranked wrongly. Continue this search on a quiet machine, and it measures again, unless "
        "it has an audit or --latency-profile.",
    )


_LIPSCHITZ = "error changes no faster than λ"


@words.register
def _(fact: facts.LambdaNotNeeded) -> Words:
    text = "Not needed: the goal is to evaluate every architecture, or all are evaluated."
    if fact.record.violated:
        text += f" (Your λ would not hold: {_record(fact.record)}.)"
    return Words(_LIPSCHITZ, text)


@words.register
def _(fact: facts.LambdaUnknown) -> Words:
    return Words(
        _LIPSCHITZ,
        f"λ cannot be estimated yet: {fact.anchors} evaluations are too few to separate the "
        "dimensions.",
    )


@words.register
def _(fact: facts.LambdaUntested) -> Words:
    return Words(
        _LIPSCHITZ,
        f"λ is estimated from {fact.anchors} evaluations. It has met {fact.predictions} of the "
        f"{fact.wanted} new errors that it must first predict.",
    )


@words.register
def _(fact: facts.LambdaEstimated) -> Words:
    were = "was" if fact.challenges == 1 else "were"
    challenges = (
        f"; {fact.challenges} of the architectures that a larger λ would uncover first {were} "
        "trained as challenges, within its predictions"
        if fact.challenges
        else ""
    )
    return Words(
        _LIPSCHITZ,
        f"λ is estimated (twice the envelope of {fact.pairs} pairs; {_record(fact.record)}"
        f"{challenges}). If it holds, {_covered(fact.goal, fact.certified_epsilon)}",
    )


@words.register
def _(fact: facts.LambdaGiven) -> Words:
    audit = " The audit refutes it." if fact.is_refuted_by_audit else ""
    if fact.record.violated:
        return Words(_LIPSCHITZ, f"Your λ does not hold: {_record(fact.record)}.{audit}")
    claim = _covered(fact.goal, fact.certified_epsilon)
    return Words(_LIPSCHITZ, f"Your λ is used; {_record(fact.record)}. If it holds, {claim}{audit}")


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
        factor = rounded_down(1 - certified_epsilon)
        return f"the best W found is within a factor of {factor} of the largest."
    return f"every architecture is covered within a factor of {rounded_up(1 + certified_epsilon)}."


@words.register
def _(fact: facts.SeedNoise) -> Words:
    name = "variation between seeds"
    if fact.is_measured:
        return Words(
            name,
            f"τ = {fact.nugget:.3g} in ln error between two means over seeds, measured on the "
            "first architectures. It covers 95 of 100 pairs if seed errors are normally "
            "distributed.",
        )
    if fact.nugget:
        return Words(name, f"τ = {fact.nugget:.3g} in ln error, as you set it.")
    return Words(
        name, "τ = 0: variation between seeds is ignored; an error is the mean of its trainings."
    )


@words.register
def _(fact: facts.Monotone) -> Words:
    name = "a larger architecture makes at most 1+σ times the error"
    if fact.worst_ratio is None:
        text = f"σ = {fact.slack:.3g}; no violation among {fact.pairs} comparable pairs."
    else:
        text = (
            f"σ = {fact.slack:.3g} is violated: in one of {fact.pairs} comparable pairs, the "
            f"larger architecture makes {fact.worst_ratio:.3g} times the error."
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
        "zero errors",
        f"Errors of 0 count as {floor} ({fact.count} here). The guarantee is (1+ε) times the "
        "larger of the true error and this floor.",
    )


@words.register
def _(fact: facts.Excluded) -> Words:
    return Words(
        "excluded",
        f"{counted(fact.count, 'architecture')} diverged in training and in every retry. The claim "
        "neither includes nor uses what diverged.",
    )


@words.register
def _(fact: facts.SpotChecked) -> Words:
    return Words("spot checks; need no assumption", f"{spot_check_statement(fact)}.")


@words.register
def _(fact: facts.Audited) -> Words:
    lambda_ = (
        f"Outside what λ predicts: {counted(fact.outside, 'error')}, the worst by "
        f"{np.expm1(fact.worst_excess):.1%}."
        if fact.outside
        else "All errors are within what λ predicts."
    )
    return Words("audit; needs no assumption", f"{audit_statement(fact)}. {lambda_}")


@words.register
def _(_fact: facts.EveryRowCounts) -> Words:
    return Words("errors in the table", "Every row is evaluated, so nothing is assumed.")


@words.register
def _(fact: facts.Maximised) -> Words:
    return Words(
        "maximised objectives",
        f"Higher is better for {', '.join(fact.objectives)}: an error is converted to 1 minus "
        "the value, a size or latency to 1 divided by it.",
    )
