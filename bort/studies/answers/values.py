"""Answers as codes and numbers, shared by the command line, pages and jobs.

`bort.report.search` turns them into sentences.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from bort.core.baseline import OracleFacts
from bort.core.machine import Fingerprint
from bort.core.origin import Origin
from bort.core.question import Goal, Question, Weights
from bort.core.rivals import Comparison
from bort.core.serialise import to_json
from bort.core.study import StudySpec
from bort.search import Ending
from bort.search.audit import AuditPlan, AuditResult
from bort.search.audit_offers import AuditOffer
from bort.search.facts import EveryRowCounts, Guarantee, Ledger
from bort.studies.answers.rows import Columns, TablePoint
from bort.studies.rivals import SharedAxes, shared_axes
from bort.studies.table_columns import TableNote

Id = str | int  # the id of an architecture, or the number of a row


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLatency:
    """The measured latency of one architecture, in milliseconds per forward pass.

    Attributes:
        low_ms, high_ms: the median's 95% bootstrap interval.
        p95_ms: 95th percentile of the runs.
    """

    median_ms: float
    low_ms: float
    high_ms: float
    p95_ms: float
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One evaluated architecture. Size, latency and error are to be minimised, W maximised.

    Attributes:
        id: the architecture's id, values joined by dashes.
        size: in the unit of the study, parameters or bytes.
        parameter_count: exact, with embeddings.
        effective_parameter_count: exact, without embeddings.
        latency_ms: prediction of the study's latency profile, per forward pass.
        latency_low_ms, latency_high_ms: the profile's interval.
        error_rate: share of wrong dev examples; the mean if several seeds were trained.
        error_se: its standard error.
        macro_f1: unweighted mean of the classes' F1; None if the oracle does not compute it.
        seeds: trainings behind `error_rate`.
        latency_measured: its own measured latency; None if it was only predicted.
        w: W-coefficient under the answer's weights; 0 at the maximum point.
    """

    id: str
    architecture: Mapping[str, int]
    size: int
    parameter_count: int
    effective_parameter_count: int
    latency_ms: float
    latency_low_ms: float
    latency_high_ms: float
    error_rate: float
    error_se: float
    n_dev: int
    macro_f1: float | None
    seeds: int
    w: float
    is_on_front: bool
    is_in_cover: bool
    latency_measured: MeasuredLatency | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.id

    def as_json(self) -> dict[str, Any]:
        """Convert to the keys that the command line prints."""
        return {
            "id": self.id,
            "architecture": dict(self.architecture),
            "size": self.size,
            "parameter_count": self.parameter_count,
            "effective_parameter_count": self.effective_parameter_count,
            "latency_ms": self.latency_ms,
            "latency_low_ms": self.latency_low_ms,
            "latency_high_ms": self.latency_high_ms,
            "latency_measured": None
            if self.latency_measured is None
            else asdict(self.latency_measured),
            "error_rate": self.error_rate,
            "error_se": self.error_se,
            "n_dev": self.n_dev,
            "macro_f1": self.macro_f1,
            "seeds": self.seeds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBasis:
    """The origin of an answer's latencies.

    Attributes:
        profile: the stored profile; before it is measured, this and the rest are None.
        is_text_to_label: tokenizer, padding and softmax are timed too, on a task's texts.
        band: the model's relative error.
        is_this_machine: it was measured on this machine, with this software.
        noise_ok: the machine was quiet.
    """

    profile: str | None
    runtime: str
    batch_size: int
    sequence_length: int
    threads: int | None
    is_text_to_label: bool = False
    band: float | None = None
    machine: Fingerprint | None = None
    is_this_machine: bool | None = None
    measured_at: str | None = None
    noise_ok: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAudit:
    """The latest audit of an answer, finished or not.

    Attributes:
        drawn: ids of the architectures that it drew.
        trained: how many of them are trained.
        failed: ids for which the claim does not hold; None until all are trained.
        result: its result; None until all are trained.
    """

    plan: AuditPlan
    drawn: tuple[Id, ...]
    trained: int
    failed: tuple[Id, ...] | None
    result: AuditResult | None

    def as_json(self) -> dict[str, Any]:
        """Convert to the keys that the command line prints."""
        return {
            "number": self.plan.number,
            "goal": str(self.plan.goal),
            "epsilon": self.plan.epsilon,
            "confidence": 1 - self.plan.alpha,
            "drawn": list(self.drawn),
            "trained": self.trained,
            "is_complete": self.result is not None,
            "population": None if self.result is None else self.result.population,
            "failed": None if self.failed is None else list(self.failed),
            "uncovered_at_most": None if self.result is None else self.result.uncovered_at_most,
        }


def audit_of(
    plan: AuditPlan, result: AuditResult | None, trained: int, name: Callable[[int], Id]
) -> AnswerAudit:
    """Convert an audit, with names for its indices."""
    failed = None if result is None else tuple(map(name, result.failed))
    return AnswerAudit(
        plan=plan, drawn=tuple(map(name, plan.drawn)), trained=trained, failed=failed, result=result
    )


class Ranked(NamedTuple):
    """One architecture in the ranking by W."""

    id: Id
    w: float


P = TypeVar("P", Point, TablePoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer(Generic[P]):
    """The answer to one question.

    Attributes:
        question: the question that it answers: the study's own, or one with another ε and weights.
        front: evaluated points that no other one dominates, by point estimate; never thinned.
        cover: ids of the ε-cover; None if ε is not certified.
        best: the evaluated point with the largest W; None before the first evaluation.
        w_ratio: W of `best` is at least this share of the largest W of the whole space, if the
            ledger's assumptions hold; None if nothing is certified.
        excluded: ids of architectures whose trainings all diverged.
        certified_epsilon: the smallest ε certified; None if nothing is. It is the ε of all that was
            evaluated; the cover has its own.
        evaluation_bound: the most evaluations that certifying ε can need.
        ending: why nothing is left to evaluate; None if the budget or the user ended the
            search before.
        ranking: everything evaluated, by W, the largest first.
        audit: the latest audit of this answer; None if there is none.
        ledger: the facts behind the claim.
        seconds: time spent searching, all attempts together; for an example, time spent training.
        certificate: the file for `bort verify`; None before the search ends.
    """

    question: Question
    space_size: int
    evaluations: int
    evaluation_bound: int
    certified_epsilon: float | None
    front: tuple[P, ...]
    cover: tuple[Id, ...] | None
    best: P | None
    w_ratio: float | None
    excluded: tuple[Id, ...]
    guarantee: Guarantee
    ending: Ending | None
    ranking: tuple[Ranked, ...]
    audit: AnswerAudit | None
    ledger: Ledger
    seconds: float
    certificate: str | None

    @property
    def goal(self) -> Goal:
        """The goal of the question."""
        return self.question.goal

    @property
    def epsilon(self) -> float:
        """ε of the question."""
        return self.question.epsilon

    @property
    def cover_epsilon(self) -> float | None:
        """ε of the cover; None if there is none."""
        return None if self.cover is None else self.question.epsilon

    @property
    def weights(self) -> Weights:
        """The cost weights of the question."""
        return self.question.weights

    def as_json(self) -> dict[str, Any]:
        """Codes and numbers; `bort.report.search.answer_json` adds the words."""
        return {
            "space_size": self.space_size,
            "evaluations": self.evaluations,
            "evaluation_bound": self.evaluation_bound,
            "certified_epsilon": self.certified_epsilon,
            "goal": str(self.goal),
            "epsilon": self.epsilon,
            "weights": list(self.weights),
            "guarantee": str(self.guarantee),
            "guaranteed": self.guarantee is Guarantee.PROVED,
            "cover": None if self.cover is None else list(self.cover),
            "cover_epsilon": self.cover_epsilon,
            "front": [point.as_json() for point in self.front],
            "best": None if self.best is None else {**self.best.as_json(), "w": self.best.w},
            "w_ratio": self.w_ratio,
            "ranking": [ranked._asdict() for ranked in self.ranking],
            "ending": None if self.ending is None else str(self.ending),
            "excluded": list(self.excluded),
            "ledger": [fact.to_dict() for fact in self.ledger],
            "audit": None if self.audit is None else self.audit.as_json(),
            "certificate": self.certificate,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyAnswer(SearchAnswer[Point]):
    """The answer of a study.

    Attributes:
        points: every evaluated architecture, by size.
        job: the study's last search job; None for an example.
        facts: the teacher and the baselines; None before the first training.
        origin: what all trainings depend on; None if it was recorded for none of them.
        unrecorded: trainings whose origin was not recorded.
        audit_offers: what further audits would say; none unless the claim is conditional.
        seconds_each: the usual time that an architecture took; None before the first.
        rivals: the newest comparison with other people's classifiers on the same task and split;
            None if there is none.
    """

    study: str
    spec: StudySpec
    is_example: bool
    points: tuple[Point, ...]
    latency: LatencyBasis
    job: int | None
    facts: OracleFacts | None = None
    origin: Origin | None = None
    unrecorded: int = 0
    audit_offers: tuple[AuditOffer, ...] = ()
    seconds_each: float | None = None
    rivals: Comparison | None = None

    @property
    def rival_axes(self) -> SharedAxes | None:
        """The axes that rivals can be drawn on; None without rivals."""
        if self.rivals is None:
            return None
        latency = self.latency
        return shared_axes(
            self.rivals,
            unit=self.spec.size.unit,
            is_text_to_label=latency.is_text_to_label,
            texts=latency.batch_size,
            machine=None if self.is_example else latency.machine,
        )

    def as_json(self) -> dict[str, Any]:
        """Codes and numbers; `bort.report.search.answer_json` adds the words."""
        shared = SearchAnswer.as_json(self)
        return {
            "job": self.job,
            "study": self.study,
            "size_unit": str(self.spec.size.unit),
            **shared,
            "latency": to_json(self.latency),
            "baselines": [] if self.facts is None else to_json(self.facts.baselines),
            "teacher": None if self.facts is None else _teacher_json(self.facts),
            "origin": None if self.origin is None else to_json(self.origin),
            "unrecorded": self.unrecorded,
            "rivals": None if self.rivals is None else to_json(self.rivals),
            "audit_offers": [
                {**offer._asdict(), "minutes": offer.draws * (self.seconds_each or 0.0) / 60}
                for offer in self.audit_offers
            ],
        }


def _teacher_json(facts: OracleFacts) -> dict[str, Any]:
    return {
        "name": facts.teacher,
        "methods": list(facts.teacher_methods),
        "dev_error": facts.teacher_dev_error,
        "choices": to_json(facts.teachers),
        "coverage": None if facts.coverage is None else to_json(facts.coverage),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAnswer(SearchAnswer[TablePoint]):
    """The answer from a table, whose rows are read instead of trained.

    Attributes:
        points: the evaluated rows, by size.
    """

    columns: Columns
    points: tuple[TablePoint, ...]
    notes: tuple[TableNote, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether it was read off the table, and not searched."""
        return any(isinstance(fact, EveryRowCounts) for fact in self.ledger)

    def as_json(self) -> dict[str, Any]:
        """Codes and numbers; `bort.report.search.answer_json` adds the words."""
        shared = SearchAnswer.as_json(self)
        more = {"columns": asdict(self.columns), "notes": [asdict(note) for note in self.notes]}
        return {"job": None, "study": None, **shared, **more}
