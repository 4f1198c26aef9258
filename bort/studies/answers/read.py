"""Compute answers from stored evaluations. Reads the store; never trains or imports torch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

import numpy as np

from bort.core import paths
from bort.core.errors import InvalidFieldError, InvalidProfileError, UnknownStudyError
from bort.core.evaluation import Evaluation
from bort.core.fields import fields_of
from bort.core.machine import this_machine
from bort.core.question import Goal, Question, check_weights
from bort.core.size import SizeSpec, SizeUnit
from bort.families import SearchSpace
from bort.families.sizes import countable
from bort.latency.profile import LatencyProfile
from bort.latency.stored import front_profile
from bort.search import Answer, Guarantee, solve
from bort.search.arrays import IntArray
from bort.search.audit import audited, judge_audit
from bort.search.audit_offers import AuditOffer, audit_offers
from bort.search.check.certificate import Certificate, certificate_of
from bort.search.w_coefficient import WeightRegion, winning_regions
from bort.storage import Store, StudyRecord, coming_examples, file_of
from bort.studies.answers.evidence import Evidence, evidence_of
from bort.studies.answers.measured import with_measured
from bort.studies.answers.values import (
    AnswerAudit,
    LatencyBasis,
    Point,
    Ranked,
    StudyAnswer,
    audit_of,
)
from bort.studies.costs import Costs
from bort.studies.rivals import newest_comparison

CERTIFICATE = "certificate.json"
LISTED_AT_MOST = 10_000  # architectures; certificates of larger spaces contain the latency model


def read_answer(
    store: Store,
    study: str,
    *,
    epsilon: float | None = None,
    weights: Sequence[float] | None = None,
    size: str | None = None,
) -> StudyAnswer:
    """Compute a study's answer from the store; trains and measures nothing.

    Args:
        epsilon: certify within 1 + epsilon; None means the study's own.
        weights: cost weights of size, latency, error; None means the study's own.
        size: what size counts, a `SizeUnit`; None means what the search minimised.
    Raises:
        UnknownStudyError: no study of that name.
        InvalidFieldError: `epsilon`, `weights` or `size` cannot be used.
    Cost: three queries, and about 10 ms for 384 architectures.
    """
    own = store.study(study)
    record = counted_in(own, size)
    question = record.spec.search.question
    question = replace(
        question,
        epsilon=question.epsilon if epsilon is None else epsilon,
        weights=question.weights if weights is None else check_weights(weights),
    )
    is_counted_otherwise = record.spec.size.unit is not own.spec.size.unit
    is_weighed_otherwise = question.weights != own.spec.search.question.weights
    if is_counted_otherwise or (question.goal is Goal.BEST and is_weighed_otherwise):
        # Draws say something about one ordering, chosen before they were made.
        question = replace(question, spot_checks=None)
    costs = study_costs(store, record)
    evaluations = store.evaluations(record)
    spent = _spent(store, record, evaluations)
    if costs is None:
        return _before_measuring(record, question, spent)
    evidence = evidence_of(record.spec, costs, evaluations, store.audits(record))
    if is_counted_otherwise:  # an audit was of a claim in its unit
        evidence = evidence._replace(audits=(), earlier=())
    answer = answer_under(question, costs, evidence)
    found = _study_answer(record, question, spent, costs, evaluations, answer, evidence)
    digest = None if found.origin is None else found.origin.task
    rivals = newest_comparison(store, record.spec.task, digest)
    return replace(with_measured(found, front_profile(store, record)), rivals=rivals)


def counted_in(record: StudyRecord, unit: str | None) -> StudyRecord:
    """Return a study whose sizes are counted in another unit; None changes nothing.

    Errors and latencies stay, so an answer about it trains nothing. Its certificate is about
    the sizes in this unit; what the search chose to train was for its own.

    Raises:
        InvalidFieldError: no such unit, the study does not know the bytes of its tokenizers, or a
            family has no such size.
    """
    if unit is None or unit == record.spec.size.unit:
        return record
    counted = SizeUnit(fields_of(SizeSpec)["unit"].check(unit))
    size, known = replace(record.spec.size, unit=counted), units_of(record)
    if size.unit not in known:
        raise InvalidFieldError(
            "size",
            f"the sizes of {record.name!r} are not known in {unit}; choose {', '.join(known)}"
            + (", or search again" if size.unit.is_bytes else ""),
        )
    return replace(record, spec=replace(record.spec, size=size))


def units_of(record: StudyRecord) -> tuple[SizeUnit, ...]:
    """Return the units in which a study's sizes can be counted."""
    return countable(SearchSpace.from_dict(record.spec.space), record.spec.size)


def study_evidence(store: Store, record: StudyRecord, costs: Costs) -> Evidence:
    """Read all stored errors of a study."""
    return evidence_of(record.spec, costs, store.evaluations(record), store.audits(record))


def answer_under(question: Question, costs: Costs, evidence: Evidence) -> Answer:
    """Compute the answer to a question, with the findings of audits."""
    return audited(
        costs.problem,
        solve(costs.problem, evidence.known, question=question),
        evidence.everything,
        evidence.results(costs.problem),
        question=question,
    )


def study_certificate(store: Store, study: str) -> Certificate:
    """Make the certificate of a study at its own ε and weights, for `bort verify`.

    Raises:
        UnknownStudyError: no study of that name.
        InvalidProfileError: its latency is not measured yet.
    """
    record = store.study(study)
    costs = study_costs(store, record)
    if costs is None:
        raise InvalidProfileError(
            f"the latency of {study!r} has not been measured yet; search first"
        )
    workload, model = costs.profile.workload, costs.profile.model
    evidence = study_evidence(store, record, costs)
    return certificate_of(
        costs.problem,
        evidence.known,
        question=record.spec.search.question,
        space=record.spec.space,
        size=record.spec.size,
        latency_model=None
        if len(costs.space) <= LISTED_AT_MOST or workload.by_vocabulary
        else {"coefficients_ms": dict(model.coefficients_ms), **workload.to_dict()},
        study=study,
        audits=evidence.results(costs.problem),
        earlier_audits=evidence.earlier_results(costs.problem),
        unfinished_audits=evidence.unfinished,
        audit_observations=evidence.audited,
    )


class _Spent(NamedTuple):
    job: int | None
    seconds: float
    certificate: str | None


def latest_study(store: Store) -> str:
    """Return the name of the newest study.

    Raises:
        UnknownStudyError: there is none yet.
    """
    studies = store.studies()
    if not studies:
        names = coming_examples(store, paths.examples())
        examples = "".join(f"; a finished one: --study {name}" for name in names)
        raise UnknownStudyError(
            f"there is no study yet; start one with: bort search --preset quick{examples}"
        )
    return studies[0].name


def study_costs(store: Store, record: StudyRecord) -> Costs | None:
    """Compute the costs of a study's space; None before its latency profile is measured."""
    if record.profile is None or not record.spec.size.is_known:
        return None
    stored = store.profile(record.profile)
    profile = LatencyProfile.from_dict(stored.profile, origin=f"the profile {record.profile!r}")
    spec = record.spec
    return Costs(SearchSpace.from_dict(spec.space), profile, spec.training, spec.size)


def _spent(
    store: Store, record: StudyRecord, evaluations: Mapping[str, Sequence[Evaluation]]
) -> _Spent:
    jobs = [job for job in store.jobs(study=record.name) if job.kind == "search"]
    if jobs:
        latest = jobs[0]  # the store lists the newest first
        certificate = file_of(latest, CERTIFICATE)
        return _Spent(
            latest.id,
            sum(job.seconds for job in jobs),
            str(certificate) if certificate.is_file() else None,
        )
    training = sum(e.seconds for trained in evaluations.values() for e in trained)
    return _Spent(None, training, None)


def _before_measuring(record: StudyRecord, question: Question, spent: _Spent) -> StudyAnswer:
    size = len(SearchSpace.from_dict(record.spec.space))
    latency = record.spec.latency
    return StudyAnswer(
        study=record.name,
        spec=record.spec,
        is_example=record.is_example,
        facts=record.facts,
        space_size=size,
        evaluations=0,
        evaluation_bound=size,
        certified_epsilon=None,
        question=question,
        points=(),
        front=(),
        cover=None,
        best=None,
        w_ratio=None,
        excluded=(),
        guarantee=Guarantee.NONE,
        ending=None,
        ledger=(),
        audit=None,
        ranking=(),
        latency=LatencyBasis(
            profile=None,
            runtime=latency.runtime,
            batch_size=latency.batch_size,
            sequence_length=latency.sequence_length,
            threads=latency.threads,
        ),
        **spent._asdict(),
    )


def _study_answer(
    record: StudyRecord,
    question: Question,
    spent: _Spent,
    costs: Costs,
    evaluations: Mapping[str, Sequence[Evaluation]],
    answer: Answer,
    evidence: Evidence,
) -> StudyAnswer:
    points = _points(costs, evaluations, answer)
    origins = [e.origin for trained in evaluations.values() for e in trained]
    took = [sum(e.seconds for e in trained) for trained in evaluations.values()]
    space = costs.space
    return StudyAnswer(
        study=record.name,
        spec=record.spec,
        is_example=record.is_example,
        facts=record.facts,
        origin=next((origin for origin in origins if origin is not None), None),
        unrecorded=origins.count(None),
        audit_offers=_offers(costs, evidence) if _is_doubtful(answer, record) else (),
        seconds_each=median(took) if took else None,
        space_size=len(space),
        evaluations=len(answer.evaluated) + len(answer.excluded),
        evaluation_bound=answer.evaluation_bound,
        certified_epsilon=answer.certified_epsilon,
        question=question,
        points=tuple(sorted(points.values(), key=lambda point: point.size)),
        front=tuple(points[int(i)] for i in _by_size(answer.front, costs)),
        cover=None
        if answer.cover is None
        else tuple(space.architecture(int(i)).id for i in _by_size(answer.cover, costs)),
        best=None if answer.best is None else points[answer.best],
        w_ratio=answer.w_ratio,
        excluded=tuple(space.architecture(int(i)).id for i in answer.excluded),
        guarantee=answer.guarantee,
        ending=answer.ending,
        ranking=tuple(
            Ranked(p.id, p.w) for p in sorted(points.values(), key=lambda p: (-p.w, p.size))
        ),
        audit=_audit(costs, evidence),
        ledger=answer.ledger,
        latency=_latency(costs.profile, is_example=record.is_example),
        **spent._asdict(),
    )


def _is_doubtful(answer: Answer, record: StudyRecord) -> bool:
    return answer.guarantee is Guarantee.CONDITIONAL and not record.is_example


def _offers(costs: Costs, evidence: Evidence) -> tuple[AuditOffer, ...]:
    left = len(costs.space) - len(evidence.everything)
    return audit_offers(left, len(evidence.audits) + len(evidence.earlier) + 1)


def _by_size(indices: IntArray, costs: Costs) -> IntArray:
    return indices[np.argsort(costs.problem.size[indices], kind="stable")]


def _points(
    costs: Costs, evaluations: Mapping[str, Sequence[Evaluation]], answer: Answer
) -> dict[int, Point]:
    front, cover = set(answer.front.tolist()), set(() if answer.cover is None else answer.cover)
    points = {}
    for index, w in zip(answer.evaluated.tolist(), answer.w.tolist(), strict=True):
        architecture = costs.space.architecture(index)
        trained = [e for e in evaluations[architecture.id] if not e.diverged]
        points[index] = Point(
            id=architecture.id,
            architecture=architecture.as_dict(),
            size=int(costs.problem.size[index]),
            parameter_count=int(costs.space.parameter_count[index]),
            effective_parameter_count=int(costs.space.effective_parameter_count[index]),
            latency_ms=float(costs.latency.median_ms[index]),
            latency_low_ms=float(costs.latency.low_ms[index]),
            latency_high_ms=float(costs.latency.high_ms[index]),
            error_rate=float(np.mean([e.error_rate for e in trained])),
            error_se=_standard_error(trained),
            n_dev=trained[0].n,
            macro_f1=_mean([e.macro_f1 for e in trained]),
            seeds=len(trained),
            w=w,
            is_on_front=index in front,
            is_in_cover=index in cover,
        )
    return points


def _standard_error(trained: Sequence[Evaluation]) -> float:
    """Compute the standard error of the mean error, from the dev set's size and the seeds."""
    dev_set = float(np.mean([e.error_se for e in trained]))
    if len(trained) == 1:
        return dev_set
    seeds = float(np.std([e.error_rate for e in trained], ddof=1)) / np.sqrt(len(trained))
    return float(np.hypot(dev_set, seeds))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _latency(profile: LatencyProfile, *, is_example: bool) -> LatencyBasis:
    machine = profile.fingerprint
    here = this_machine(list(machine.libraries), threads=profile.workload.threads)
    return LatencyBasis(
        profile=profile.name,
        runtime=profile.runtime,
        batch_size=profile.workload.batch_size,
        sequence_length=profile.workload.sequence_length,
        threads=profile.workload.threads,
        is_text_to_label=bool(profile.workload.by_vocabulary),
        band=profile.band,
        machine=machine,
        is_this_machine=not is_example and here.digest == machine.digest,
        measured_at=profile.measured_at,
        noise_ok=profile.noise.ok,
    )


def _audit(costs: Costs, evidence: Evidence) -> AnswerAudit | None:
    """Find the latest audit of this answer, finished or not."""
    if not evidence.audits:
        return None
    plan = evidence.audits[-1]
    result = judge_audit(costs.problem, plan, evidence.everything)
    trained = sum(index in evidence.audited for index in plan.drawn)
    return audit_of(plan, result, trained, lambda i: costs.space.architecture(i).id)


def winning_weights(
    store: Store, study: StudyRecord, ids: Iterable[str]
) -> dict[str, WeightRegion]:
    """Find, for each architecture, the cost weights for which it has the largest W.

    Compares only trained ones, by point estimate, because untrained ones have no W yet.

    Args:
        ids: ids of architectures; the answer leaves out those that are not trained.
        Cost: two queries, and O(front) for each of `ids`: a dominated one never wins alone.
    """
    costs = study_costs(store, study)
    if costs is None:
        return {}
    known = study_evidence(store, study, costs).known
    trained = {i: o.error for i, o in known.items() if o.is_witness}
    index = {costs.space.architecture(i).id: i for i in trained}
    return winning_regions(costs.problem.size, costs.problem.latency, trained, index, ids)
