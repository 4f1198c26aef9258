"""`verify`'s part about words: ledger, record of violations, and ending, derived again.

The numbers that they speak of are checked from the definitions elsewhere; here `solve` goes through
the evaluations in their order once more, and what it says is compared with what is stated.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bort.search.answer import Answer, solve
from bort.search.audit import AuditResult
from bort.search.audited import AUDIT, REFUTED
from bort.search.check.case import CertifiedCase
from bort.search.check.certificate import audit_plan
from bort.search.ledger import ERROR_CHANGES, Entry

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_ROUNDING = 0.01  # of numbers with a decimal point: another machine's last digit


def check_ledger(case: CertifiedCase) -> Iterator[str]:
    """One line per statement that the evaluations do not lead to."""
    answer, claim = _answer(case), case.claim
    results = _current_audits(case)
    is_refuted = any(result.is_refuting for result in results)
    stated = [Entry(*entry) for entry in claim["ledger"]]
    own = [entry for entry in stated if entry.assumption != AUDIT]
    is_lipschitz_refuted = any(entry.evidence.endswith(REFUTED) for entry in own)
    if [e.assumption for e in own] != [e.assumption for e in answer.ledger]:
        yield "the ledger lists other assumptions than the evaluations call for"
    else:
        for entry, found in zip(own, answer.ledger, strict=True):
            yield from _entry(case, entry, found)
    audits = [entry for entry in stated if entry.assumption == AUDIT]
    if len(audits) != len(results):
        yield f"the ledger lists {len(audits)} audits of this answer, there are {len(results)}"
    for entry, result in zip(audits, results, strict=False):
        status = "violated" if result.is_refuting else "checked"
        if entry.status != status or not entry.evidence.startswith(f"{result.statement}."):
            yield f"the ledger is wrong about audit {result.plan.number}"
    yield from _violations(claim, answer)
    ending: str | None = answer.ending
    if is_refuted or is_lipschitz_refuted:
        ending = "assumption violated"
    if claim["ending"] != ending:
        yield f"the search is said to have ended {claim['ending']!r}, it is {ending!r}"
    is_certified = answer.is_certified and ending != "assumption violated"
    if claim["is_certified"] is not is_certified:
        yield f"called {'' if claim['is_certified'] else 'not '}certified, which it is " + (
            "" if is_certified else "not"
        )


def _answer(case: CertifiedCase) -> Answer:
    rows = case.plain.rows.tolist()
    observations = dict(zip(rows, case.observations, strict=True))
    return solve(case.problem, observations, question=case.question)


def _entry(case: CertifiedCase, stated: Entry, found: Entry) -> Iterator[str]:
    is_refuted = stated.assumption == ERROR_CHANGES and stated.evidence.endswith(REFUTED)
    if is_refuted and case.question.is_lipschitz_given and stated.status == "violated":
        return  # by the audit: more than the evaluations alone say, and nothing is certified then
    if stated.status != found.status:
        yield (
            f"the ledger calls {stated.assumption!r} {stated.status}, "
            f"the evaluations make it {found.status}"
        )
    elif not _says_the_same(stated.evidence, found.evidence):
        yield f"the ledger's evidence for {stated.assumption!r} should be: {found.evidence}"


def _says_the_same(stated: str, found: str) -> bool:
    if _NUMBER.sub("#", stated) != _NUMBER.sub("#", found):
        return False
    pairs = zip(_NUMBER.findall(stated), _NUMBER.findall(found), strict=True)
    return all(
        a == b or ("." in a + b and abs(float(a) - float(b)) <= _ROUNDING * abs(float(b)))
        for a, b in pairs
    )


def _violations(claim: Any, answer: Answer) -> Iterator[str]:
    stated: Sequence[Sequence[Any]] = claim["violations"]
    found = [(v.index, v.other, v.excess) for v in answer.violations]
    if [tuple(row[:2]) for row in stated] != [row[:2] for row in found]:
        yield f"{len(stated)} violations of λ are recorded, the evaluations show {len(found)}"
    elif not np.allclose([row[2] for row in stated], [row[2] for row in found], atol=1e-6):
        yield "the violations of λ are recorded with other numbers than the evaluations show"


def _current_audits(case: CertifiedCase) -> list[AuditResult]:
    """Those of this answer, not those made before the search went on."""
    evaluated = sorted(case.plain.rows.tolist())
    results = []
    for stated in case.audits:
        plan = audit_plan(stated)
        if sorted(plan.evaluated) == evaluated:
            numbers = (stated["population"], tuple(stated["errors"]), tuple(stated["failed"]))
            results.append(AuditResult(plan, *numbers, stated["uncovered_at_most"]))
    return results
