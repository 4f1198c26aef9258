"""The certificate: a claim and everything needed to check it, in codes and numbers."""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from bort.core.errors import BortError
from bort.core.question import Question
from bort.core.serialise import to_json
from bort.search.answer import Answer, solve
from bort.search.arrays import FloatArray
from bort.search.audit import AuditPlan, AuditResult, audited
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

FORMAT = "bort-certificate"
VERSION = 4

Certificate = dict[str, Any]


class InvalidCertificateError(BortError, ValueError):
    """This version cannot read the certificate."""


def certificate_of(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    *,
    question: Question,
    space: Mapping[str, Any] | None = None,
    latency_model: Mapping[str, Any] | None = None,
    study: str | None = None,
    audits: Sequence[AuditResult] = (),
    earlier_audits: Sequence[AuditResult] = (),
    audit_observations: Mapping[int, Observation] | None = None,
) -> Certificate:
    """Write the answer of `solve` so that `verify` can check it without trusting the search.

    Args:
        problem, observations, question: see `solve`.
        space: `SearchSpace.to_dict()`; then dimensions and sizes are not listed but recomputed
            from the family's closed forms. None lists them.
        latency_model: `coefficients_ms`, `batch_size` and `sequence_length` of the profile's
            model, for spaces too large to list; needs `space`. None lists the latencies.
        study: name of the study, so that the evaluations can be compared with a store.
        earlier_audits: audits of this study before the search continued; kept for their α.
        audit_observations: the architectures that the audits trained, by index.
    Returns:
        JSON values only; no NaN, no Infinity.
    """
    answer = solve(problem, observations, question=question)
    answer = audited(
        problem,
        answer,
        {**(audit_observations or {}), **observations},
        audits,
        question=question,
    )
    content = {
        "format": FORMAT,
        "version": VERSION,
        "study": study,
        "space": _space(problem, space),
        "latency": _latency(problem, latency_model),
        "question": _listed_values(question),
        "assumptions": {
            "lipschitz": _listed(answer.lipschitz),
            "nugget": answer.nugget,
            "size_elasticity": _listed(problem.size_elasticity),
            "latency_elasticity": _listed(problem.latency_elasticity),
        },
        "evaluations": [_evaluation(problem.label(i), i, o) for i, o in observations.items()],
        "claim": {
            "evaluations": len(observations),
            **_claim(answer),
        },
        "audits": [_audit(problem, a) for a in (*earlier_audits, *audits)],
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
        content = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as error:
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
        what = "install a newer bort" if version > VERSION else "write it again with this bort"
        raise InvalidCertificateError(
            f"the certificate has version {version}, but this program reads {VERSION}; {what}"
        )
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _space(problem: SearchProblem, space: Mapping[str, Any] | None) -> dict[str, Any]:
    shared = {
        "count": len(problem),
        "names": list(problem.names),
        "categorical": problem.categorical.tolist(),
        "monotone": problem.monotone.tolist(),
        "scales": None if problem.scales is None else list(problem.scales),
        "choices": problem.choices,
        "is_paired": problem.is_paired,
    }
    if space is not None:
        return {**shared, "family_space": dict(space)}
    return {
        **shared,
        "coordinates": problem.coordinates.tolist(),
        "size": problem.size.tolist(),
        "labels": [problem.label(i) for i in range(len(problem))],
    }


def _latency(problem: SearchProblem, model: Mapping[str, Any] | None) -> dict[str, Any]:
    if model is None:
        return {"band": problem.latency_band, "listed_ms": problem.latency.tolist()}
    return {"band": problem.latency_band, "model": dict(model)}


def _listed_values(value: Question | AuditPlan) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in to_json(value).items()}


def _listed(values: FloatArray | None) -> list[float] | None:
    return None if values is None else values.tolist()


def _evaluation(label: str, index: int, observation: Observation) -> dict[str, Any]:
    return {
        "index": int(index),
        "label": label,
        "error": observation.error,
        "lower": observation.lower,
        "upper": observation.upper,
        "n": observation.n,
        "is_floored": observation.is_floored,
        "is_witness": observation.is_witness,
        "is_anchor": observation.is_anchor,
        "repeats": list(observation.repeats),
        "wrong_items": [base64.b64encode(i).decode("ascii") for i in observation.wrong_items],
        "standard_error": observation.standard_error,
    }


def _claim(answer: Answer) -> dict[str, Any]:
    return {
        "certified_epsilon": answer.certified_epsilon,
        "is_certified": answer.is_certified,
        "ending": None if answer.ending is None else str(answer.ending),
        "guarantee": str(answer.guarantee),
        "evaluation_bound": answer.evaluation_bound,
        "front": answer.front.tolist(),
        "cover": None if answer.cover is None else answer.cover.tolist(),
        "best": answer.best,
        "w_ratio": answer.w_ratio,
        "ledger": [fact.to_dict() for fact in answer.ledger],
        "violations": [[v.index, v.other, v.excess] for v in answer.violations],
    }


def _audit(problem: SearchProblem, audit: AuditResult) -> dict[str, Any]:
    return {
        "plan": _listed_values(audit.plan),
        "labels": [problem.label(i) for i in audit.plan.drawn],
        "errors": list(audit.errors),
        "population": audit.population,
        "failed": list(audit.failed),
        "alpha": audit.plan.alpha,
        "uncovered_at_most": audit.uncovered_at_most,
    }


def audit_result(stated: Mapping[str, Any]) -> AuditResult:
    """Convert an audit for the certificate."""
    return AuditResult(
        AuditPlan.from_dict(stated["plan"]),
        stated["population"],
        tuple(stated["errors"]),
        tuple(stated["failed"]),
        stated["uncovered_at_most"],
    )
