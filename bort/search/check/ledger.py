"""The fact checks of `verify`: derive ledger, violations of λ and ending again.

The numbers of the claim are checked from the definitions elsewhere. Here `solve` goes through the
evaluations in their order again, and what it finds is compared with what is stated: codes exactly,
numbers up to rounding.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bort.search.answer import Answer, solve
from bort.search.audit import AuditResult, audit_fact, with_facts
from bort.search.check.case import CertifiedCase
from bort.search.check.certificate import audit_result
from bort.search.facts import Audited, Fact, fact_from_dict
from bort.search.observation import Observation

_ROUNDING = 1e-6  # of numbers: another machine's logarithms


def check_ledger(case: CertifiedCase) -> Iterator[str]:
    """List the statements that do not follow from the evaluations, one line each."""
    claim = case.claim
    stated = [fact_from_dict(entry) for entry in claim["ledger"]]
    answer = _answer(case, stated)
    if [fact.code for fact in stated] != [fact.code for fact in answer.ledger]:
        yield "the facts in the ledger are not those that follow from the evaluations"
    else:
        for entry, fact, found in zip(claim["ledger"], stated, answer.ledger, strict=True):
            yield from _entry(entry, fact, found)
    yield from _violations(claim["violations"], answer)
    if claim["ending"] != answer.ending:
        ending = None if answer.ending is None else str(answer.ending)
        yield (
            f"the search is said to have ended with {claim['ending']!r}, but it ended with "
            f"{ending!r}"
        )
    if claim["is_certified"] is not answer.is_certified:
        yield f"called {'' if claim['is_certified'] else 'not '}certified, which it is " + (
            "" if answer.is_certified else "not"
        )


def _entry(entry: Mapping[str, Any], stated: Fact, found: Fact) -> Iterator[str]:
    if entry["status"] != found.status:
        yield f"the ledger calls {found.code} {entry['status']}, but it is {found.status}"
    there, here = stated.to_dict(), found.to_dict()
    for name in here:
        if not _is_same(there[name], here[name]):
            yield f"the ledger's {found.code} says {name} = {there[name]}, but it is {here[name]}"


def _answer(case: CertifiedCase, stated: Sequence[Fact]) -> Answer:
    rows = case.plain.rows.tolist()
    known = dict(zip(rows, case.observations, strict=True))
    answer = solve(case.problem, known, question=case.question)
    facts = [_audit_fact(case, answer, known, result) for result in _current_audits(case)]
    if case.population is not None:
        # How audited errors lie to λ is a matter of their intervals, which are not listed.
        listed = [fact for fact in stated if isinstance(fact, Audited)]
        facts = [
            replace(fact, outside=there.outside, worst_excess=there.worst_excess)
            for fact, there in zip(facts, listed, strict=False)
        ]
    return with_facts(answer, facts, question=case.question)


def _audit_fact(
    case: CertifiedCase, answer: Answer, known: Mapping[int, Observation], result: AuditResult
) -> Audited:
    drawn = {
        index: Observation.excluded() if error is None else Observation.of(float(error))
        for index, error in zip(result.plan.drawn, result.errors, strict=True)
    }
    seen = {**drawn, **known}
    return audit_fact(case.problem, answer, seen, result, question=case.question)


def _violations(stated: Sequence[Sequence[Any]], answer: Answer) -> Iterator[str]:
    found = [[v.index, v.other, v.excess] for v in answer.violations]
    if [row[:2] for row in stated] != [row[:2] for row in found]:
        yield f"{len(stated)} violations of λ are recorded, but the evaluations show {len(found)}"
    elif not _is_same(list(stated), found):
        yield "the recorded violations of λ do not match the evaluations"


def _current_audits(case: CertifiedCase) -> list[AuditResult]:
    """Return the audits of this answer, not those made before the search continued."""
    evaluated = sorted(case.plain.rows.tolist())
    results = map(audit_result, case.audits)
    return [result for result in results if sorted(result.plan.evaluated) == evaluated]


def _is_same(stated: Any, found: Any) -> bool:
    """Compare two values; numbers that are not whole, up to rounding."""
    if isinstance(found, Mapping):
        return stated.keys() == found.keys() and all(_is_same(stated[k], found[k]) for k in found)
    if isinstance(found, list | tuple):
        return len(stated) == len(found) and all(map(_is_same, stated, found))
    if isinstance(found, float):
        return math.isclose(stated, found, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    return bool(stated == found)
