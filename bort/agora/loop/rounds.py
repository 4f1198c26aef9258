"""The record of a round: JSON-compatible values, with everything that a resumed run needs."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from bort.agora.loop.values import ErrorRate, Value


class Verdict(StrEnum):
    """The outcome of a proposal."""

    ACCEPTED = "accepted"
    OUTSIDE_RADIUS = "outside-radius"
    NEAR_AUDIT = "near-audit"  # from the guard: too similar to an audit item
    COPY_OF_DEV = "copy-of-dev"  # from the guard: the same as a dev item
    KNOWN = "already-known"  # it is in the training set, or was proposed before
    BUDGET = "budget-spent"
    ABSTAINED = "labeler-abstained"
    REJECTED = "rejected-by-person"
    RELABELLED = "relabelled-by-person"  # it is in the training set, with the person's label

    @property
    def is_in_training_set(self) -> bool:
        """Whether a point with this verdict joined the training set."""
        return self in (Verdict.ACCEPTED, Verdict.RELABELLED)

    @property
    def is_labelled(self) -> bool:
        """Whether a point with this verdict was given to the labeler."""
        return self.is_in_training_set or self in (Verdict.ABSTAINED, Verdict.REJECTED)


class Ending(StrEnum):
    """The reasons why a run ends."""

    NO_ERRORS = "no-dev-errors"
    ROUNDS = "rounds-spent"
    POINTS = "points-spent"
    TIME = "time-spent"
    NO_PROGRESS = "no-progress"
    NO_PROPOSALS = "nothing-to-propose"


@dataclass(frozen=True, slots=True)
class GeneratedPoint:
    """One proposal with its provenance.

    Attributes:
        value: the point or text itself.
        parent: position of the dev item it was sampled near.
        distance: distance from the parent in the representation space; None if it has none.
        verdict: accepted, or why not.
        student_before: the class that this round's student predicts; None if it was not asked.
        label: the labeler's class; None if the labeler was not asked.
        confidence: the labeler's probability of that class.
        probabilities: the labeler's probability of each class; the student is trained on them. If
            a person relabelled the point, `label` and `probabilities` are theirs and `confidence`
            is 1.
        labeler_label: the labeler's class, if a person gave another one.
    """

    value: Value
    parent: int
    sampler: str
    distance: float | None
    verdict: Verdict
    student_before: int | None = None
    label: int | None = None
    confidence: float | None = None
    probabilities: tuple[float, ...] = ()
    labeler_label: int | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether it joined the training set."""
        return self.verdict.is_in_training_set


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: train the surviving sets, find the dev errors, sample near them, label.

    The student of round k is trained on what rounds 0..k-1 added. A run's last round only trains
    and records why the run ended.

    Attributes:
        number: 0, 1, 2, ...
        train_size: number of examples that this round's student was trained on.
        setting: number of the hyperparameter set with the lowest dev error.
        setting_errors: the number and dev error of each set that was trained.
        surviving: numbers of the sets that the next round will train.
        dev_error: dev error of the best set's student. Agora uses dev, so this is optimistic.
        wrong_dev: positions of the dev items that this student gets wrong.
        replayed: number of the earlier round whose points raised the dev error. They were
            withdrawn, and this round samples near that round's errors again. None if it replays
            no round.
        points: every proposal, accepted or refused.
        after: the class that this round's student gives to each point accepted in the last round;
            None for one that the user accepted later.
        ending: why the run ends with this round; None if another follows.
    """

    number: int
    train_size: int
    setting: int
    setting_errors: tuple[tuple[int, float], ...]
    surviving: tuple[int, ...]
    dev_error: ErrorRate
    wrong_dev: tuple[int, ...]
    replayed: int | None = None
    points: tuple[GeneratedPoint, ...] = ()
    after: tuple[int | None, ...] = ()
    ending: Ending | None = None

    @property
    def errors_found(self) -> int:
        """Number of dev items that the student gets wrong."""
        return len(self.wrong_dev)

    @property
    def proposed(self) -> int:
        """Number of points that the samplers proposed."""
        return len(self.points)

    @property
    def accepted(self) -> tuple[GeneratedPoint, ...]:
        """The points that joined the training set."""
        return tuple(point for point in self.points if point.is_accepted)

    @property
    def refused(self) -> dict[Verdict, int]:
        """Number of refused proposals by reason."""
        return dict(sorted(Counter(p.verdict for p in self.points if not p.is_accepted).items()))
