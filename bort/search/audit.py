"""The audit: a random test of the claim that needs no assumption about the error.

A failed audit withdraws the claim.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.question import Goal, Question
from bort.core.serialise import from_json, to_json
from bort.search.answer import Answer
from bort.search.comparison import ByInterval, comparison_for
from bort.search.facts import Audited, Fact, Guarantee, LambdaGiven
from bort.search.goals import GOALS, AuditedClaim, goal_of
from bort.search.lipschitz import TOLERANCE
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.search.state import Ending

ALPHA = 0.05  # all audits of a study together


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPlan:
    """A frozen answer, and the architectures that were drawn to test it, all as indices.

    Attributes:
        number: 1 for a study's first audit; it decides `level`.
        seed: seed of the draw.
        goal, epsilon, weights: the claim to test.
        is_certified: whether the answer certified that claim.
        evaluated: the architectures that the answer is based on.
        passed_over: architectures that earlier audits of the same answer trained; they are not
            drawn again.
        members: the cover; everything evaluated if there is no cover; or the best.
        drawn: the architectures to train, ascending.
    """

    number: int
    seed: int
    goal: Goal
    epsilon: float
    weights: tuple[float, float, float]
    is_certified: bool
    evaluated: tuple[int, ...]
    passed_over: tuple[int, ...]
    members: tuple[int, ...]
    drawn: tuple[int, ...]

    @property
    def alpha(self) -> float:
        """The error probability that this audit spends."""
        return level(self.number)

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return dict(to_json(self))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "AuditPlan":
        """Inverse of `to_dict`."""
        return from_json(cls, values, what="an audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """The numbers of a complete audit; see `AuditPlan` and `AuditResult`."""

    number: int
    goal: Goal
    epsilon: float
    alpha: float
    drawn: int
    population: int
    failed: int
    uncovered_at_most: int


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The result of an audit: what the drawn architectures say about the frozen answer.

    Attributes:
        plan: the frozen answer and the drawn architectures.
        population: N', the number of architectures that the audit could have drawn.
        errors: errors of the drawn ones, in their order, on this dev set; None if training
            diverged.
        failed: those for which the claim does not hold, including diverged ones.
        uncovered_at_most: with confidence 1 - alpha the claim fails for at most this many of N'.
    """

    plan: AuditPlan
    population: int
    errors: tuple[float | None, ...]
    failed: tuple[int, ...]
    uncovered_at_most: int

    @property
    def finding(self) -> AuditFinding:
        """The numbers that a person reads."""
        return AuditFinding(
            number=self.plan.number,
            goal=self.plan.goal,
            epsilon=self.plan.epsilon,
            alpha=self.plan.alpha,
            drawn=len(self.plan.drawn),
            population=self.population,
            failed=len(self.failed),
            uncovered_at_most=self.uncovered_at_most,
        )

    @property
    def is_refuting(self) -> bool:
        """Whether a trained architecture contradicts a certified claim."""
        if not self.plan.is_certified:
            return False
        errors = dict(zip(self.plan.drawn, self.errors, strict=True))
        return any(errors[index] is not None for index in self.failed)


def level(number: int) -> float:
    """Return the error probability of an audit: α/2 for the first, then α/4, α/8 and so on.

    So all statements of a study hold together with a probability of 1-α.
    """
    return float(ALPHA / 2**number)


def plan_audit(
    answer: Answer,
    *,
    question: Question,
    count: int,
    space_size: int,
    seed: int,
    number: int = 1,
    passed_over: Iterable[int] = (),
) -> AuditPlan | None:
    """Freeze an answer and draw `count` of the architectures that it did not evaluate.

    The audit tests the question's ε, or the larger ε that is certified, if only that is. Draws
    fewer if fewer are left; None if none is left, or nothing was evaluated.
    """
    evaluated = tuple(sorted([*answer.evaluated.tolist(), *answer.excluded.tolist()]))
    skipped = tuple(sorted(set(passed_over) - set(evaluated)))
    drawn = draw(space_size, count, evaluated=evaluated, passed_over=skipped, key=(seed, number))
    if not drawn or answer.best is None:
        return None
    members = answer.evaluated if answer.cover is None else answer.cover
    return AuditPlan(
        number=number,
        seed=seed,
        goal=question.goal,
        epsilon=max(question.epsilon, answer.certified_epsilon or 0.0),
        weights=question.weights,
        is_certified=answer.certified_epsilon is not None,
        evaluated=evaluated,
        passed_over=skipped,
        members=goal_of(question).audited(members, answer.best),
        drawn=drawn,
    )


def draw(
    space_size: int,
    count: int,
    *,
    evaluated: Iterable[int],
    passed_over: Iterable[int],
    key: tuple[int, int],
) -> tuple[int, ...]:
    """Draw `count` architectures that are neither evaluated nor passed over, ascending.

    They have the smallest SHA-256 under a key made of the seed, the audit's number and the
    evaluated architectures. Any reader of a certificate can repeat the draw, and nobody can choose
    it.
    """
    known = sorted(set(evaluated))
    out = set(known) | set(passed_over)
    salt = json.dumps([*key, known]).encode()
    salt = hashlib.sha256(salt).digest()

    def rank(index: int) -> bytes:
        return hashlib.sha256(salt + index.to_bytes(8, "big")).digest()

    left = (i for i in range(space_size) if i not in out)
    return tuple(sorted(sorted(left, key=rank)[: max(0, count)]))


def judge_audit(
    problem: SearchProblem, plan: AuditPlan, observations: Mapping[int, Observation]
) -> AuditResult | None:
    """Test the claim on the drawn architectures; None until all of them are trained.

    Args:
        observations: by index. Only the errors on this dev set of the plan's members and its
            drawn architectures are used.
    """
    if any(index not in observations for index in (*plan.drawn, *plan.members)):
        return None
    claim = AuditedClaim(problem, observations, plan.members, plan.epsilon, plan.weights)
    holds = GOALS[plan.goal].holds
    failed = tuple(i for i in plan.drawn if not (observations[i].is_witness and holds(claim, i)))
    population = len(problem) - len(plan.evaluated) - len(plan.passed_over)
    seen = [observations[i] for i in plan.drawn]
    return AuditResult(
        plan,
        population,
        tuple(o.error if o.is_witness else None for o in seen),
        failed,
        uncovered_bound(population, len(plan.drawn), len(failed), alpha=plan.alpha),
    )


def audited(
    problem: SearchProblem,
    answer: Answer,
    observations: Mapping[int, Observation],
    audits: Sequence[AuditResult],
    *,
    question: Question,
) -> Answer:
    """Add the findings of audits to the answer.

    It stays the answer of its own evaluations: audited architectures do not change the front, the
    cover or λ. But if a certified claim fails for one of them, or one refutes a given λ, nothing
    is certified any more.

    Args:
        observations: the evaluated and the audited architectures, by index.
        audits: the audits of this answer, in order.
    """
    if not audits:
        return answer
    facts = [audit_fact(problem, answer, observations, a, question=question) for a in audits]
    return with_facts(answer, facts, question=question)


def with_facts(answer: Answer, facts: Sequence[Audited], *, question: Question) -> Answer:
    """Replace the facts of the answer; see `audited`."""
    is_refuted = question.is_lipschitz_given and any(fact.outside for fact in facts)
    ledger = (*(_refuted(f) if is_refuted else f for f in answer.ledger), *facts)
    if not is_refuted and not any(fact.is_refuting for fact in facts):
        return replace(answer, ledger=ledger)
    return replace(
        answer,
        ledger=ledger,
        guarantee=Guarantee.NONE,
        certified_epsilon=None,
        cover=None,
        w_ratio=None,
        is_certified=False,
        ending=Ending.ASSUMPTION_VIOLATED,
    )


def _refuted(fact: Fact) -> Fact:
    return replace(fact, is_refuted_by_audit=True) if isinstance(fact, LambdaGiven) else fact


def audit_fact(
    problem: SearchProblem,
    answer: Answer,
    observations: Mapping[int, Observation],
    audit: AuditResult,
    *,
    question: Question,
) -> Audited:
    """Turn what an audit found into a fact of the ledger."""
    plan, comparison = audit.plan, comparison_for(problem.population(question.confidence))
    outside = _outside(problem, answer, observations, plan, comparison)
    return Audited(
        **asdict(audit.finding),
        is_refuting=audit.is_refuting,
        outside=len(outside),
        worst_excess=max(outside, default=0.0),
    )


def _outside(
    problem: SearchProblem,
    answer: Answer,
    observations: Mapping[int, Observation],
    plan: AuditPlan,
    comparison: ByInterval,
) -> list[float]:
    """Measure how far ln e of audited architectures is outside what λ predicts, if it is.

    Each is compared with all that were known before it: those of earlier audits, and those of this
    one that are not outside themselves.
    """
    if answer.lipschitz is None or not any(observations[i].is_anchor for i in plan.evaluated):
        return []
    known = [i for i in (*plan.evaluated, *plan.passed_over) if observations[i].is_anchor]
    excesses = []
    for index in plan.drawn:
        seen = observations[index]
        if not seen.is_anchor:
            continue
        reach = problem.distance(np.array([index]), np.array(known), answer.lipschitz)[0]
        ahead, back = comparison.log_ratio_bounds(seen, [observations[i] for i in known])
        excess = float((np.maximum(-ahead, -back) - reach - answer.nugget).max())
        if excess > TOLERANCE:
            excesses.append(excess)
        else:
            known.append(index)
    return excesses


def uncovered_bound(population: int, drawn: int, failed: int, *, alpha: float = ALPHA) -> int:
    """Compute the largest number of uncovered architectures that the sample does not refute.

    With D uncovered among `population`, the failures among `drawn` are hypergeometric. Returns
    the largest D with P(failures <= `failed`) > alpha. Exact, by bisection: O(log N').

    Examples:
        >>> uncovered_bound(300, 30, 0), uncovered_bound(300, 59, 0)
        (27, 13)
        >>> uncovered_bound(300, 300, 2)
        2
    """
    from scipy.stats import hypergeom

    if not 0 <= failed <= drawn <= population:
        raise InvalidOptionError(
            f"an audit needs 0 <= failed <= drawn <= population, got {failed}, {drawn}, "
            f"{population}"
        )
    low, high = failed, population - (drawn - failed)
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeom.cdf(failed, population, middle, drawn) > alpha:
            low = middle
        else:
            high = middle - 1
    return low
