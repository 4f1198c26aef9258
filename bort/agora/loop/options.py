"""What one run of Agora may do, checked once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bort.core.errors import InvalidFieldError


@dataclass(frozen=True, slots=True, kw_only=True)
class AgoraOptions:
    """Budgets, radius, hyperparameter sets and stopping rule of one run.

    Attributes:
        radius: how far from its parent a generated point may lie, in units of the
            representation space; finite and above 0.
        rounds: sampling rounds at most; one closing training follows the last.
        points: accepted points at most over all rounds; None is no limit.
        points_per_error: proposals per dev error and round.
        points_per_round: proposals per round at most, shared evenly among the errors; None is
            no limit.
        settings: the hyperparameter sets Θ, at least one.
        dropped_per_round: how many of the worst sets each round drops; one always stays.
        patience: end after so many rounds without a lower dev error; None never does.
        replays: how many rounds may be done anew because their points made the student worse
            on dev; see `bort.agora.loop.history`.
        trusted_only: sample only near those dev errors that the labeler gets right; near one
            that it gets wrong too, it has nothing to teach. Where it gets none right, near all.
        seed: all randomness derives from (seed, round).
    """

    radius: float
    rounds: int = 8
    points: int | None = None
    points_per_error: int = 2
    points_per_round: int | None = None
    settings: tuple[Mapping[str, float], ...] = field(default=({},))
    dropped_per_round: int = 1
    patience: int | None = 3
    replays: int = 0
    trusted_only: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.radius) and self.radius > 0):
            raise InvalidFieldError(
                "radius",
                f"the radius must be a finite number above 0, got {self.radius!r}; near a point "
                "lies nothing new at radius 0, and everything at infinity",
            )
        _at_least("points_per_error", self.points_per_error, 1)
        for name in ("rounds", "dropped_per_round", "replays", "seed"):
            _at_least(name, getattr(self, name), 0)
        for name, least in (("points", 0), ("points_per_round", 1), ("patience", 1)):
            if getattr(self, name) is not None:
                _at_least(name, getattr(self, name), least)
        if not self.settings:
            raise InvalidFieldError(
                "settings", "no hyperparameter set is left to train with; give at least one"
            )


def _at_least(name: str, value: object, least: int) -> None:
    if type(value) is not int or value < least:
        raise InvalidFieldError(
            name,
            f"{name.replace('_', ' ')} must be a whole number of {least} or more, got {value!r}",
        )
