"""Derive the state of a run from its rounds: training set, known points, whether to continue.

The rounds are a run's only state. Pass stored rounds back to the loop to resume; correct a stored
point first to replay with the correction.

Replay. [source] The authors had to repeat some rounds to converge. [ours] A round is repeated if
the points it added raised the dev error: they are withdrawn from the training set, and the next
round samples near the same errors again, with fresh randomness.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bort.agora.loop.parts import AgoraOptions
from bort.agora.loop.rounds import Ending, GeneratedPoint, Round, Verdict
from bort.agora.loop.values import ErrorRate, Examples, as_inputs, identities, joined
from bort.core.errors import InvalidDataError


def withdrawn(rounds: Sequence[Round]) -> frozenset[int]:
    """Return the numbers of the rounds whose points a replay withdrew from the training set."""
    return frozenset(r.replayed for r in rounds if r.replayed is not None)


def added_points(rounds: Sequence[Round]) -> tuple[GeneratedPoint, ...]:
    """Return the generated points that are in the training set after `rounds`, in order."""
    gone = withdrawn(rounds)
    return tuple(point for r in rounds if r.number not in gone for point in r.accepted)


def training_set(train: Examples, rounds: Sequence[Round]) -> Examples:
    """Return the original examples and the points that `rounds` added."""
    points = added_points(rounds)
    if not points:
        return train
    soft = np.array([point.probabilities for point in points], dtype=float)
    return Examples(
        joined([train.inputs, as_inputs([point.value for point in points])]),
        np.concatenate([train.probabilities, soft]),
    )


def known_identities(train: Examples, rounds: Sequence[Round]) -> set[Hashable]:
    """Identify the original examples and all labelled points, so that none is labelled twice."""
    labelled = (p.value for r in rounds for p in r.points if p.verdict.is_labelled)
    return {*identities(train.inputs), *labelled}


def base_round(rounds: Sequence[Round], latest: Round) -> Round:
    """Return the round whose student was trained on the set that `latest` added points to."""
    while latest.replayed is not None:
        latest = rounds[latest.replayed]
    return latest


def round_to_replay(
    rounds: Sequence[Round], dev_error: ErrorRate, options: AgoraOptions
) -> int | None:
    """Return the number of the last round if its points raised the dev error, else None."""
    if not rounds or not rounds[-1].accepted or len(withdrawn(rounds)) >= options.replays:
        return None
    before = base_round(rounds, rounds[-1]).dev_error
    return rounds[-1].number if dev_error.rate > before.rate else None


def ending(
    rounds: Sequence[Round], dev_error: ErrorRate, options: AgoraOptions, *, is_out_of_time: bool
) -> Ending | None:
    """Return why the run ends here, judged on dev alone; None if it continues."""
    if dev_error.wrong == 0:
        return Ending.NO_ERRORS
    if len(rounds) >= options.rounds:
        return Ending.ROUNDS
    if options.points is not None and len(added_points(rounds)) >= options.points:
        return Ending.POINTS
    if is_out_of_time:
        return Ending.TIME
    return Ending.NO_PROGRESS if _is_stuck(rounds, dev_error, options.patience) else None


def _is_stuck(rounds: Sequence[Round], dev_error: ErrorRate, patience: int | None) -> bool:
    if patience is None or len(rounds) < patience:
        return False
    wrong = [*(r.dev_error.wrong for r in rounds), dev_error.wrong]
    return min(wrong[-patience:]) >= min(wrong[:-patience])


@dataclass(frozen=True, slots=True)
class Provenance:
    """A generated point, its place in the run, and the student's answer after training on it.

    Attributes:
        round: number of the round that proposed it.
        position: its position among the proposals of that round, from 0.
        student_after: the student's class for it after training on it; None if it was not accepted
            or no student has been trained on it yet.
        is_withdrawn: whether a replay withdrew it from the training set.
    """

    round: int
    position: int
    point: GeneratedPoint
    student_after: int | None
    is_withdrawn: bool


def provenance(rounds: Sequence[Round]) -> tuple[Provenance, ...]:
    """Return every proposal of `rounds` with its provenance, in order."""
    gone = withdrawn(rounds)
    rows: list[Provenance] = []
    for number, r in enumerate(rounds):
        judged = iter(rounds[number + 1].after) if number + 1 < len(rounds) else iter(())
        for position, point in enumerate(r.points):
            after = next(judged, None) if point.is_accepted else None
            rows.append(Provenance(r.number, position, point, after, r.number in gone))
    return tuple(rows)


def corrected(
    rounds: Sequence[Round],
    corrections: Mapping[tuple[int, int], int | None],
    *,
    class_count: int,
) -> tuple[Round, ...]:
    """Apply the user's corrections; return the rounds up to the last corrected one.

    Pass them back to the loop to replay the rest.

    Args:
        rounds: the rounds as the loop yielded them.
        corrections: maps (round, position) to the right label, or to None to reject the point.
        class_count: number of classes of the task.
    Raises:
        InvalidDataError: a point or label does not exist, or the point was never labelled.
    """
    kept = list(rounds[: 1 + max((number for number, _ in corrections), default=-1)])
    for (number, position), label in corrections.items():
        if not (0 <= number < len(rounds) and 0 <= position < rounds[number].proposed):
            raise InvalidDataError(
                f"round {number} has no point {position}; list them with: "
                "bort agora show JOB --points"
            )
        points = list(kept[number].points)
        points[position] = _relabelled(points[position], label, class_count)
        kept[number] = replace(kept[number], points=tuple(points))
    for number, later in enumerate(kept[1:]):
        after = _moved(rounds[number], rounds[number + 1].after, kept[number])
        kept[number + 1] = replace(later, after=after)
    return tuple(kept)


def _moved(
    before: Round, after: Sequence[int | None], corrected_round: Round
) -> tuple[int | None, ...]:
    """Give the student's answers to the points that are accepted now; None for new ones."""
    places = [i for i, point in enumerate(before.points) if point.is_accepted]
    answers = dict(zip(places, after, strict=False))
    points = enumerate(corrected_round.points)
    return tuple(answers.get(i) for i, point in points if point.is_accepted) if after else ()


def _relabelled(point: GeneratedPoint, label: int | None, class_count: int) -> GeneratedPoint:
    if label is None:
        return replace(point, verdict=Verdict.REJECTED)
    if not point.verdict.is_labelled:
        raise InvalidDataError(
            f"the point was refused ({point.verdict}) and cannot be relabelled; choose one that "
            "was accepted or that the labeler abstained from"
        )
    if not 0 <= label < class_count:
        raise InvalidDataError(
            f"there is no class {label}; the task has {class_count}, numbered from 0"
        )
    one_hot = tuple(float(k == label) for k in range(class_count))
    return replace(
        point,
        verdict=Verdict.RELABELLED,
        label=label,
        confidence=1.0,
        probabilities=one_hot,
        labeler_label=point.label if point.labeler_label is None else point.labeler_label,
    )
