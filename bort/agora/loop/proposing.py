"""Sample near dev errors and judge each proposal: a chain of checks, the labeler last."""

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from bort.agora.loop.parts import AgoraOptions, Known, Labels, Model, Parts, Proposals
from bort.agora.loop.rounds import GeneratedPoint, Verdict
from bort.agora.loop.values import FloatArray, Inputs, IntArray, as_values, identities

_ROUNDING = 1e-9  # relative; a point exactly on the sphere stays in, whatever its last digit


def propose(
    dev: Inputs,
    errors: Sequence[int],
    parts: Parts,
    options: AgoraOptions,
    *,
    model: Model,
    known: Known,
    points_left: int | None,
    rng: np.random.Generator,
) -> tuple[GeneratedPoint, ...]:
    """Sample near the dev items `errors` and judge each proposal.

    A proposal must, in this order, be within the radius of its parent, pass the guard (for texts
    `NearDuplicateGuard`, which keeps audit texts out), be unknown, fit the budget, and get a label
    from the labeler.

    Args:
        errors: positions of the dev items to sample near.
        model: the student before it is trained on the points.
        known: identities of inputs that must not be labelled again.
        points_left: how many points may still be accepted; None means no limit.
    Returns:
        Every proposal with its verdict, in the sampler's order.
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
        labels = parts.labeler.label(inputs, rng)
        found = _labelled([points[k] for k in passed.tolist()], before, labels)
        for position, point in zip(passed.tolist(), found, strict=True):
            points[position] = point
    return tuple(points)


def _chosen_errors(
    errors: Sequence[int], options: AgoraOptions, rng: np.random.Generator
) -> IntArray:
    """Choose the error that each proposal starts from: each equally often, up to the cap."""
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
    known: Known,
) -> list[Verdict]:
    """Run the checks that need no label on each proposal."""
    reasons = parts.guard(proposals.inputs)
    earlier: set[Hashable] = set()
    verdicts: list[Verdict] = []
    for identity, distance, reason in zip(
        identities(proposals.inputs), distances, reasons, strict=True
    ):
        if not distance <= radius * (1 + _ROUNDING):  # also true of NaN
            verdict = Verdict.OUTSIDE_RADIUS
        elif reason is not None:
            verdict = reason
        elif identity in known or identity in earlier:
            verdict = Verdict.KNOWN
        else:
            verdict = Verdict.ACCEPTED
            earlier.add(identity)
        verdicts.append(verdict)
    return verdicts


def _within_budget(verdicts: list[Verdict], points_left: int | None) -> IntArray:
    """Return the positions to label, and mark accepted ones beyond the budget."""
    passed = [k for k, verdict in enumerate(verdicts) if verdict is Verdict.ACCEPTED]
    if points_left is not None:
        for k in passed[points_left:]:
            verdicts[k] = Verdict.BUDGET
        passed = passed[:points_left]
    return np.array(passed, dtype=np.int64)


def _labelled(
    points: Sequence[GeneratedPoint], before: IntArray, labels: Labels
) -> list[GeneratedPoint]:
    """Add the labeler's and the student's answers to the points that passed the checks."""
    return [
        replace(
            point,
            verdict=Verdict.ABSTAINED if abstained else Verdict.ACCEPTED,
            student_before=answer,
            label=label,
            confidence=confidence,
            probabilities=tuple(probabilities),
        )
        for point, abstained, answer, label, confidence, probabilities in zip(
            points,
            labels.is_abstained.tolist(),
            before.tolist(),
            labels.classes.tolist(),
            labels.confidence.tolist(),
            labels.probabilities.tolist(),
            strict=True,
        )
    ]
