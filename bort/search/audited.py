"""What audits do to an answer: they add to its ledger, and a failed one takes the claim back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bort.core.question import Question
from bort.search.answer import Answer
from bort.search.audit import AuditResult
from bort.search.ledger import ERROR_CHANGES, Entry
from bort.search.lipschitz import TOLERANCE
from bort.search.observation import Observation
from bort.search.paired import log_ratio_bounds
from bort.search.population import Population
from bort.search.problem import SearchProblem

AUDIT = "audit, which needs no assumption"
REFUTED = " The audit refutes it."  # ends the evidence of a λ that was given


def audited(
    problem: SearchProblem,
    answer: Answer,
    observations: Mapping[int, Observation],
    audits: Sequence[AuditResult],
    *,
    question: Question,
) -> Answer:
    """The answer with what audits of it found.

    It stays the answer of its own evaluations: audited architectures enter neither the front nor
    the cover nor λ. But where a certified claim fails for one of them, or one refutes a λ that
    was given, nothing is certified any more.

    Args:
        observations: of the evaluated and of the audited architectures, by index.
        audits: of this answer, in their order.
    """
    if not audits:
        return answer
    population = problem.population(question.confidence)
    outside = [_outside(problem, answer, observations, audit, population) for audit in audits]
    is_given_refuted = question.is_lipschitz_given and any(len(excesses) for excesses in outside)
    entries = [
        Entry(AUDIT, "violated" if a.is_refuting else "checked", f"{a.statement}.{_words(x)}")
        for a, x in zip(audits, outside, strict=True)
    ]
    ledger = [_refuted(e) if is_given_refuted else e for e in answer.ledger] + entries
    if not is_given_refuted and not any(audit.is_refuting for audit in audits):
        return replace(answer, ledger=tuple(ledger))
    return replace(
        answer,
        ledger=tuple(ledger),
        guarantee="none",
        certified_epsilon=None,
        cover=None,
        w_ratio=None,
        is_certified=False,
        ending="assumption violated",
    )


def _outside(
    problem: SearchProblem,
    answer: Answer,
    observations: Mapping[int, Observation],
    audit: AuditResult,
    population: Population | None,
) -> list[float]:
    """By how much ln e of audited architectures lay outside what λ predicts, where it did."""
    sources = [i for i in audit.plan.evaluated if observations[i].is_source]
    if answer.lipschitz is None or not sources:
        return []
    excesses = []
    for index in audit.plan.drawn:
        seen = observations[index]
        if not seen.is_source:
            continue
        reach = problem.distance(np.array([index]), np.array(sources), answer.lipschitz)[0]
        ahead, back = log_ratio_bounds(seen, [observations[i] for i in sources], population)
        excess = float((np.maximum(-ahead, -back) - reach - answer.nugget).max())
        if excess > TOLERANCE:
            excesses.append(excess)
    return excesses


def _words(excesses: list[float]) -> str:
    if not excesses:
        return " All errors were within what λ predicts."
    worst = np.expm1(max(excesses))
    return f" {len(excesses)} errors were outside what λ predicts, worst by {worst:.1%}."


def _refuted(entry: Entry) -> Entry:
    if entry.assumption != ERROR_CHANGES:
        return entry
    return replace(entry, status="violated", evidence=entry.evidence + REFUTED)
