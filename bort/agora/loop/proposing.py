"""Sample near dev errors, and judge every proposal: a chain of checks, the labeler last."""

from collections.abc import Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import numpy as np

from bort.agora.loop.options import AgoraOptions
from bort.agora.loop.parts import Labels, Model, Parts, Proposals
from bort.agora.loop.rounds import GeneratedPoint, Verdict
from bort.agora.loop.values import FloatArray, Inputs, IntArray, as_values, identities

_ROUNDING = 1e-9  # a point on the sphere itself must not fall out for its last digit


def propose(
    dev: Inputs,
    errors: Sequence[int],
    parts: Parts,
    options: AgoraOptions,
    *,
    model: Model,
    known: AbstractSet[Hashable],
    points_left: int | None,
    rng: np.random.Generator,
) -> tuple[GeneratedPoint, ...]:
    """Sample near the dev items `errors`, and decide about each proposal.

    The checks, in order: within the radius of its parent; nothing against it from the guard; not
    known; within the budget; labelled without abstention.

    Args:
        dev: all dev inputs.
        errors: positions of those to sample near.
        model: the student before it sees the points.
        known: identities of what must not be labelled again.
        points_left: points that may still be accepted; None is no limit.
    Returns:
        Every proposal with its verdict, in the order of the sampler.
    """
    chosen = _chosen_errors(errors, options, rng)
    proposals = parts.sampler.sample_near(dev[chosen], options.radius, rng, known=known)
    if not len(proposals):
        return ()
    parents = chosen[proposals.parents]
    distances = _distances(dev, parents, proposals, parts)
    verdicts = _first_verdicts(proposals, distances, parts, options.radius, known)
    passed = _within_budget(verdicts, points_left)
    points = [
        GeneratedPoint(value, parent, sampler, distance if np.isfinite(distance) else None, verdict)
        for value, parent, sampler, distance, verdict in zip(
            as_values(proposals.inputs),
            parents.tolist(),
            proposals.samplers,
            distances.tolist(),
            verdicts,
            strict=True,
        )
    ]
    if len(passed):
        inputs = proposals.inputs[passed]
        before = model.predict(inputs)
        answers = _answers(before, parts.labeler.label(inputs, rng))
        for position, answer in zip(passed.tolist(), answers, strict=True):
            points[position] = replace(points[position], **answer)
    return tuple(points)


def _chosen_errors(
    errors: Sequence[int], options: AgoraOptions, rng: np.random.Generator
) -> IntArray:
    """Which error each proposal starts from: all equally often, as far as the cap allows."""
    shuffled = rng.permutation(np.asarray(errors, dtype=np.int64))
    return np.tile(shuffled, options.points_per_error)[: options.points_per_round]


def _distances(dev: Inputs, parents: IntArray, proposals: Proposals, parts: Parts) -> FloatArray:
    different, back = np.unique(parents, return_inverse=True)
    vectors = parts.represent(dev[different])
    steps = parts.represent(proposals.inputs) - vectors[back]
    distances: FloatArray = np.linalg.norm(steps, axis=1)
    return distances


def _first_verdicts(
    proposals: Proposals,
    distances: FloatArray,
    parts: Parts,
    radius: float,
    known: AbstractSet[Hashable],
) -> list[str]:
    """For each proposal why it is refused before it is labelled, or an empty text."""
    reasons = parts.guard(proposals.inputs)
    seen: set[Hashable] = set()
    verdicts: list[str] = []
    for identity, distance, reason in zip(
        identities(proposals.inputs), distances, reasons, strict=True
    ):
        if not distance <= radius * (1 + _ROUNDING):  # also where it is NaN
            verdict = str(Verdict.OUTSIDE_RADIUS)
        elif reason is not None:
            verdict = reason
        elif identity in known or identity in seen:
            verdict = str(Verdict.KNOWN)
        else:
            verdict = ""
            seen.add(identity)
        verdicts.append(verdict)
    return verdicts


def _within_budget(verdicts: list[str], points_left: int | None) -> IntArray:
    """Positions that may be labelled; what is beyond the budget gets its verdict here."""
    passed = [k for k, verdict in enumerate(verdicts) if not verdict]
    if points_left is not None:
        for k in passed[points_left:]:
            verdicts[k] = str(Verdict.BUDGET)
        passed = passed[:points_left]
    return np.array(passed, dtype=np.int64)


def _answers(before: IntArray, labels: Labels) -> Iterator[dict[str, Any]]:
    """What the labeler and the student say about each point that got as far as that."""
    for abstained, answer, label, confidence, probabilities in zip(
        labels.is_abstained.tolist(),
        before.tolist(),
        labels.classes.tolist(),
        labels.confidence.tolist(),
        labels.probabilities.tolist(),
        strict=True,
    ):
        yield {
            "verdict": str(Verdict.ABSTAINED if abstained else Verdict.ACCEPTED),
            "student_before": answer,
            "label": label,
            "confidence": confidence,
            "probabilities": tuple(probabilities),
        }
