"""What happened in a round, as values that survive JSON: all that resuming needs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bort.agora.loop.values import ErrorRate, Value


class Verdict(StrEnum):
    """What became of a proposal. A guard may add reasons of its own."""

    ACCEPTED = "accepted"
    OUTSIDE_RADIUS = "outside-radius"
    KNOWN = "already-known"  # stands in the training set, or was proposed before
    BUDGET = "budget-spent"
    ABSTAINED = "labeler-abstained"
    REJECTED = "rejected-by-person"
    RELABELLED = "relabelled-by-person"  # stands in the training set, with that label


class Ending(StrEnum):
    """Why a run ended."""

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
        sampler: name of the sampler.
        distance: from its parent, in the representation space; None where it has none.
        verdict: "accepted", or why not.
        student_before: class that this round's student gives it; None if that was not asked.
        label: class that the labeler gave; None where it was not asked.
        confidence: the labeler's probability of that class.
        probabilities: the labeler's probability of each class; what the student is trained on.
            Where a person relabelled the point, label, confidence 1 and these are the person's.
        labeler_label: what the labeler said where a person said otherwise.
    """

    value: Value
    parent: int
    sampler: str
    distance: float | None
    verdict: str
    student_before: int | None = None
    label: int | None = None
    confidence: float | None = None
    probabilities: tuple[float, ...] = ()
    labeler_label: int | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether it joined the training set."""
        return self.verdict in (Verdict.ACCEPTED, Verdict.RELABELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: train the surviving sets, find the dev errors, sample near them, label.

    The student of round k has been trained on what rounds 0..k-1 added. The last round of a run
    only trains and says why it ended.

    Attributes:
        number: from 0.
        train_size: examples that this round's student was trained on.
        setting: number of the hyperparameter set with the lowest dev error.
        setting_errors: dev error of each set trained in this round, by its number.
        surviving: numbers of the sets that the next round will train.
        dev_error: of the best set's student. Agora has looked at dev: it flatters.
        wrong_dev: positions of the dev items that this student gets wrong.
        replayed: number of the earlier round whose points made the student worse; they were
            withdrawn, and this round samples near that round's errors again. None: no replay.
        points: every proposal, accepted or refused.
        after: this round's student's class for each accepted point of the round before.
        ending: why the run ends with this round; None: another follows.
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
    after: tuple[int, ...] = ()
    ending: Ending | None = None

    @property
    def errors_found(self) -> int:
        """Dev items that the student gets wrong."""
        return len(self.wrong_dev)

    @property
    def proposed(self) -> int:
        """Points that the samplers came up with."""
        return len(self.points)

    @property
    def accepted(self) -> tuple[GeneratedPoint, ...]:
        """The points that joined the training set."""
        return tuple(point for point in self.points if point.is_accepted)

    @property
    def refused(self) -> dict[str, int]:
        """How many proposals were refused, by reason."""
        return dict(sorted(Counter(p.verdict for p in self.points if not p.is_accepted).items()))

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Round":
        """Inverse of `to_dict`, also after a trip through JSON."""
        ending = values["ending"]
        return cls(
            number=values["number"],
            train_size=values["train_size"],
            setting=values["setting"],
            setting_errors=tuple((number, error) for number, error in values["setting_errors"]),
            surviving=tuple(values["surviving"]),
            dev_error=ErrorRate(**values["dev_error"]),
            wrong_dev=tuple(values["wrong_dev"]),
            replayed=values["replayed"],
            points=tuple(_point(point) for point in values["points"]),
            after=tuple(values["after"]),
            ending=None if ending is None else Ending(ending),
        )


def _point(values: Mapping[str, Any]) -> GeneratedPoint:
    value = values["value"]
    return GeneratedPoint(
        **{
            **values,
            "value": tuple(value) if isinstance(value, list | tuple) else value,
            "probabilities": tuple(values["probabilities"]),
        }
    )
