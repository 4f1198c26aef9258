"""The certificate: a study's claim with all that is needed to check it again, as JSON values."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bort.errors import BortError
from bort.search.answer import Answer, solve
from bort.search.arrays import FloatArray
from bort.search.audit import AuditResult
from bort.search.observation import Observation
from bort.search.options import Lipschitz
from bort.search.problem import SearchProblem

FORMAT = "bort-certificate"
VERSION = 1

Certificate = dict[str, Any]


class InvalidCertificateError(BortError, ValueError):
    """Not a certificate that this version can read."""


def certificate_of(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    *,
    goal: str = "cover",
    epsilon: float = 0.25,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    lipschitz: Lipschitz = None,
    slack: float | None = None,
    nugget: float = 0.0,
    confidence: float | None = None,
    space: Mapping[str, Any] | None = None,
    latency_model: Mapping[str, Any] | None = None,
    label: Callable[[int], str] = str,
    study: str | None = None,
    audits: Sequence[AuditResult] = (),
) -> Certificate:
    """Write down what `solve` answers so that `verify` can check it without trusting the search.

    Args:
        problem, observations, goal ... confidence: as for `solve`.
        space: `SearchSpace.to_dict()`; then dimensions and sizes are not listed but computed
            again from the family's closed forms. None lists them.
        latency_model: `coefficients_ms`, `batch_size` and `sequence_length` of the profile's
            model, for spaces too large to list; needs `space`. None lists the latencies.
        label: names an architecture; with `space`, its `Architecture.id`.
        study: name of the study, so that the evaluations can be compared with a store.
        audits: audits of this answer.
    Returns:
        JSON values only; no NaN, no Infinity.
    """
    answer = solve(
        problem,
        observations,
        goal=goal,
        epsilon=epsilon,
        weights=weights,
        lipschitz=lipschitz,
        slack=slack,
        nugget=nugget,
        confidence=confidence,
    )
    content = {
        "format": FORMAT,
        "version": VERSION,
        "study": study,
        "space": _space(problem, space, label),
        "latency": _latency(problem, latency_model),
        "assumptions": {
            "lipschitz": _listed(answer.lipschitz),
            "is_lipschitz_given": lipschitz is not None,
            "nugget": nugget,
            "slack": slack,
            "confidence": confidence,
            "size_elasticity": _listed(problem.size_elasticity),
            "latency_elasticity": _listed(problem.latency_elasticity),
        },
        "evaluations": [_evaluation(label(i), i, o) for i, o in observations.items()],
        "claim": {
            "goal": goal,
            "epsilon": epsilon,
            "weights": list(weights),
            "evaluations": len(observations),
            **_claim(answer),
        },
        "audits": [_audit(a) for a in audits],
    }
    return {**content, "digests": digests(content)}


def digests(content: Mapping[str, Any]) -> dict[str, Any]:
    """SHA-256 of each part, of each evaluation, and of all: they name what was changed."""
    parts = {k: _sha256(v) for k, v in content.items() if k not in ("digests", "evaluations")}
    rows = [_sha256(row) for row in content["evaluations"]]
    return {**parts, "evaluations": rows, "all": _sha256([parts, rows])}


def read_certificate(text: str) -> Certificate:
    """Parse a certificate.

    Raises:
        InvalidCertificateError: not JSON, cut in half, not a certificate, or of a newer version.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InvalidCertificateError(
            f"not a readable certificate, not complete JSON ({error}); copy the file again"
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InvalidCertificateError(
            f'not a certificate: a JSON object with "format": "{FORMAT}" is needed'
        )
    version = content.get("version")
    if type(version) is not int or version < 1:
        raise InvalidCertificateError(f"certificate version {version!r} is no version number")
    if version > VERSION:
        raise InvalidCertificateError(
            f"the certificate has version {version}, this program reads up to {VERSION}; "
            "install a newer bort"
        )
    return content


def _sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _space(
    problem: SearchProblem, space: Mapping[str, Any] | None, label: Callable[[int], str]
) -> dict[str, Any]:
    shared = {
        "count": len(problem),
        "names": list(problem.names),
        "categorical": problem.categorical.tolist(),
        "monotone": problem.monotone.tolist(),
    }
    if space is not None:
        return {**shared, "family_space": dict(space)}
    return {
        **shared,
        "coordinates": problem.coordinates.tolist(),
        "size": problem.size.tolist(),
        "labels": [label(i) for i in range(len(problem))],
    }


def _latency(problem: SearchProblem, model: Mapping[str, Any] | None) -> dict[str, Any]:
    if model is None:
        return {"band": problem.latency_band, "listed_ms": problem.latency.tolist()}
    return {"band": problem.latency_band, "model": dict(model)}


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
        "is_source": observation.is_source,
    }


def _claim(answer: Answer) -> dict[str, Any]:
    return {
        "certified_epsilon": answer.certified_epsilon,
        "is_certified": answer.is_certified,
        "guarantee": answer.guarantee,
        "evaluation_bound": answer.evaluation_bound,
        "front": answer.front.tolist(),
        "cover": None if answer.cover is None else answer.cover.tolist(),
        "best": answer.best,
        "w_ratio": answer.w_ratio,
        "ledger": [[e.assumption, e.status, e.evidence] for e in answer.ledger],
    }


def _audit(audit: AuditResult) -> dict[str, Any]:
    return {
        "population": audit.population,
        "drawn": audit.drawn,
        "failed": list(audit.failed),
        "alpha": audit.alpha,
        "uncovered_at_most": audit.uncovered_at_most,
    }
