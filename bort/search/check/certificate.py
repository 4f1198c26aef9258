"""The certificate: a claim and everything needed to check it, in codes and numbers."""

import base64
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bort.core.errors import BortError
from bort.core.inputs import parse_json
from bort.core.question import Question
from bort.core.serialise import to_json
from bort.core.size import SizeSpec
from bort.search.answer import Answer, answer_of
from bort.search.arrays import FloatArray
from bort.search.audit import AuditPlan, AuditResult, audited
from bort.search.intervals import Population
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.search.state import SearchState

FORMAT = "bort-certificate"
VERSION = 9

Certificate = dict[str, Any]


class InvalidCertificateError(BortError, ValueError):
    """This version cannot read the certificate."""


def certificate_of(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    *,
    question: Question,
    space: Mapping[str, Any] | None = None,
    size: SizeSpec | None = None,
    latency_model: Mapping[str, Any] | None = None,
    study: str | None = None,
    table: Mapping[str, Any] | None = None,
    audits: Sequence[AuditResult] = (),
    earlier_audits: Sequence[AuditResult] = (),
    unfinished_audits: Sequence[AuditPlan] = (),
    audit_observations: Mapping[int, Observation] | None = None,
) -> Certificate:
    """Write the answer of `solve` so that `verify` can check it without trusting the search.

    Args:
        problem, observations, question: see `solve`.
        space: `SearchSpace.to_dict()`; then dimensions and sizes are not listed but recomputed
            from the family's closed forms. None lists them.
        size: what size means, if `space` is given; None means parameters.
        latency_model: `coefficients_ms`, `batch_size` and `sequence_length` of the profile's
            model, for spaces too large to list; needs `space`. None lists the latencies.
        study: name of the study, so that the evaluations can be compared with a store.
        table: where the numbers come from, if it is a table: the file's digest and the columns.
        earlier_audits: audits of this study before the search continued; kept for their α.
        unfinished_audits: audits that the search continued without finishing; they have spent
            their α.
        audit_observations: the architectures that the audits trained, by index.
    Returns:
        JSON values only; no NaN, no Infinity.
    """
    seen = {**(audit_observations or {}), **observations}
    state = SearchState(problem, question)
    state.add_all(observations)
    answer = audited(problem, answer_of(state), seen, audits, question=question)
    earlier: list[tuple[AuditPlan, AuditResult | None]] = [(a.plan, a) for a in earlier_audits]
    earlier += [(plan, None) for plan in unfinished_audits]
    earlier.sort(key=lambda one: one[0].number)
    before = [_as_of(problem, observations, question, plan.evaluated) for plan, _ in earlier]
    design = {index for one in (state, *before) for index in _design(one)}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "study": study,
        "table": None if table is None else as_listed(table),
        "space": space_part(problem, space, question, size or SizeSpec()),
        "latency": latency_part(problem, latency_model),
        "question": listed_values(question),
        "assumptions": {
            "lipschitz": None if answer.lipschitz is None else answer.lipschitz.tolist(),
            "nugget": answer.nugget,
            "envelopes": listed_envelopes(state.estimate.envelopes),
        },
        "evaluations": evaluation_rows(problem, observations, question, design),
        "claim": _claim(answer, len(observations), question),
        "audits": [
            *(
                audit_part(
                    plan, audit, rows=None, envelopes=listed_envelopes(then.estimate.envelopes)
                )
                for (plan, audit), then in zip(earlier, before, strict=True)
            ),
            *(_open_audit(problem, a, seen, question) for a in audits),
        ],
    }
    return {**content, "digests": digests(content)}


def digests(content: Mapping[str, Any]) -> dict[str, Any]:
    """Compute SHA-256 of each part, each evaluation, each audit and the whole, to name changes."""
    parts: dict[str, str] = {}
    for name, part in content.items():
        if name in ("digests", "evaluations", "audits"):
            continue
        if isinstance(part, Mapping):
            parts |= {f"{name}.{key}": _sha256(value) for key, value in part.items()}
        else:
            parts[name] = _sha256(part)
    rows = [_sha256(row) for row in content["evaluations"]]
    audits = [_sha256(audit) for audit in content["audits"]]
    whole = _sha256([parts, rows, audits])
    return {"parts": parts, "evaluations": rows, "audits": audits, "all": whole}


def read_certificate(text: str) -> Certificate:
    """Parse a certificate.

    Raises:
        InvalidCertificateError: it is not JSON, truncated, not a certificate, or of another
        version.
    """
    try:
        content = parse_json(text)
    except ValueError as error:
        raise InvalidCertificateError(
            f"this is not a certificate, because it is not valid JSON ({error}); copy the file "
            "again"
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InvalidCertificateError(
            f'this is not a certificate, which is a JSON object with "format": "{FORMAT}"; '
            "name the certificate.json that a search wrote"
        )
    version = content.get("version")
    if type(version) is not int or version < 1:
        raise InvalidCertificateError(
            f"the certificate's version {version!r} is not a version number; copy the file again"
        )
    if version != VERSION:
        study = content.get("study")
        named = f"--study {study}" if isinstance(study, str) else "--from-table FILE"
        what = f"write a new one with: bort search {named}"
        if version > VERSION:
            what = "install a newer bort"
        raise InvalidCertificateError(
            f"the certificate has version {version}, but this program reads {VERSION}; {what}"
        )
    return content


def _sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def space_part(
    problem: SearchProblem, space: Mapping[str, Any] | None, question: Question, size: SizeSpec
) -> dict[str, Any]:
    """List what the claim needs of the space; what it does not depend on is None.

    A size other than parameters is named, with the bytes of the tokenizers that it needs.
    """
    has_population = question.confidence is not None
    shared = {
        "count": len(problem),
        "names": list(problem.names),
        "categorical": problem.categorical.tolist(),
        "monotone": None if question.slack is None else problem.monotone.tolist(),
        "scales": None if problem.scales is None else list(problem.scales),
        "choices": problem.choices if has_population else None,
        "is_paired": problem.is_paired if has_population else None,
    }
    if space is not None:
        needed = size if size.unit.is_bytes else SizeSpec(unit=size.unit)
        named = {} if needed == SizeSpec() else {"size_unit": as_listed(needed.to_dict())}
        return {**shared, "family_space": dict(space), **named}
    families = {"families": problem.families.tolist()} if problem.has_families else {}
    return {
        **shared,
        **families,
        "coordinates": problem.coordinates.tolist(),
        "size": problem.size.tolist(),
        "labels": [problem.label(i) for i in range(len(problem))],
    }


def latency_part(problem: SearchProblem, model: Mapping[str, Any] | None) -> dict[str, Any]:
    """List the latencies, or what is needed to compute them from the model."""
    band = problem.latency_band or None
    shared = {"band": band, "is_refused": problem.latency_is_refused}
    if model is None:
        return {**shared, "listed_ms": problem.latency.tolist()}
    kept = {
        "coefficients_ms": dict(model["coefficients_ms"]),
        "batch_size": model["batch_size"],
        "lengths": list(model.get("lengths") or [model["sequence_length"]]),
    }
    return {**shared, "model": kept}


def listed_values(value: Question | AuditPlan) -> dict[str, Any]:
    """Convert to JSON values, with lists for tuples."""
    return as_listed(to_json(value))


def as_listed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Copy, with lists for tuples, as JSON has them."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def evaluation_rows(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    question: Question,
    design: Collection[int],
) -> list[dict[str, Any]]:
    """List the evaluations, each with what its error, interval and τ are computed from.

    Args:
        design: the architectures whose repeated seeds τ was measured from.
    """
    population = problem.population(question.confidence)
    return [
        _row(problem.label(i), i, o, population, is_in_design=i in design)
        for i, o in observations.items()
    ]


def drawn_rows(
    problem: SearchProblem, drawn: Mapping[int, Observation], question: Question
) -> list[dict[str, Any]]:
    """List what an audit evaluated. Only a known number of examples says that one is floored."""
    kept = {i: replace(o, is_floored=o.is_floored and bool(o.n)) for i, o in drawn.items()}
    return evaluation_rows(problem, kept, question, ())


def _row(
    label: str,
    index: int,
    seen: Observation,
    population: Population | None,
    *,
    is_in_design: bool,
) -> dict[str, Any]:
    """List one evaluation. What nothing is computed from is None or empty.

    The errors by seed follow from the wrong items, if these are listed.
    """
    is_new = population is not None
    repeats = seen.repeats if is_in_design or (is_new and seen.n) else ()
    repeats = () if seen.wrong_items else repeats
    needs_n = is_new or seen.is_floored or (seen.n and 0.5 / seen.n in repeats)
    return {
        "index": int(index),
        "label": label,
        "error": None if seen.is_excluded else seen.error,
        "lower": None if seen.is_excluded else seen.lower,
        "upper": None if seen.is_excluded else seen.upper,
        "n": seen.n if needs_n else None,
        "is_floored": seen.is_floored,
        "repeats": list(repeats),
        "wrong_items": [base64.b64encode(i).decode("ascii") for i in seen.wrong_items],
        "standard_error": seen.standard_error if is_new and not seen.n else None,
    }


def _design(state: SearchState) -> tuple[int, ...]:
    """List the architectures whose repeated seeds τ was measured from."""
    estimate = state.estimate
    if not (estimate.is_nugget_measured and estimate.envelopes):
        return ()
    return estimate.sources[: estimate.envelopes[0][0]]


def listed_envelopes(envelopes: Sequence[tuple[int, FloatArray]]) -> list[list[Any]]:
    """List each cheapest envelope after the number of evaluations that raised it."""
    return [[count, slopes.tolist()] for count, slopes in envelopes]


def _claim(answer: Answer, evaluations: int, question: Question) -> dict[str, Any]:
    return {
        "evaluations": evaluations,
        "certified_epsilon": answer.certified_epsilon,
        "is_certified": answer.is_certified,
        "ending": None if answer.ending is None else str(answer.ending),
        "guarantee": str(answer.guarantee),
        "front": answer.front.tolist(),
        "cover": None if answer.cover is None else answer.cover.tolist(),
        "cover_epsilon": None if answer.cover is None else question.epsilon,
        "best": answer.best,
        "w_ratio": answer.w_ratio,
        "ledger": [fact.to_dict() for fact in answer.ledger],
        "violations": [[v.index, v.other, v.excess] for v in answer.violations],
    }


def _open_audit(
    problem: SearchProblem,
    audit: AuditResult,
    seen: Mapping[int, Observation],
    question: Question,
) -> dict[str, Any]:
    """List an audit of this answer, with the evaluations that it made."""
    drawn = {i: seen[i] for i in audit.plan.drawn}
    rows = drawn_rows(problem, drawn, question)
    return audit_part(audit.plan, audit, rows=rows, envelopes=None)


def _as_of(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    question: Question,
    evaluated: Collection[int],
) -> SearchState:
    """Go back to when an earlier answer was audited."""
    state = SearchState(problem, question)
    state.add_all({i: o for i, o in observations.items() if i in set(evaluated)})
    return state


def audit_part(
    plan: AuditPlan,
    audit: AuditResult | None,
    *,
    rows: list[dict[str, Any]] | None,
    envelopes: list[list[Any]] | None,
) -> dict[str, Any]:
    """List one audit.

    Args:
        audit: what it found; None if it was left unfinished.
        rows: the evaluations that it made; None if they are among the certificate's own.
        envelopes: those of the audited answer; None if it is the certificate's.
    """
    return {
        "plan": listed_values(plan),
        "evaluations": rows,
        "envelopes": envelopes,
        "errors": None if audit is None else list(audit.errors),
        "population": None if audit is None else audit.population,
        "failed": None if audit is None else list(audit.failed),
        "alpha": plan.alpha,
        "uncovered_at_most": None if audit is None else audit.uncovered_at_most,
    }


def audit_result(stated: Mapping[str, Any]) -> AuditResult | None:
    """Read an audit of the certificate; None if it was left unfinished."""
    if stated["errors"] is None:
        return None
    return AuditResult(
        AuditPlan.from_dict(stated["plan"]),
        stated["population"],
        tuple(stated["errors"]),
        tuple(stated["failed"]),
        stated["uncovered_at_most"],
    )
