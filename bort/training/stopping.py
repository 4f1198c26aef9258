"""Ending a training from outside."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from bort.errors import BortError

Step = TypeVar("Step")
ShouldStop = Callable[[], bool]


class TrainingStoppedError(BortError, RuntimeError):
    """Somebody asked a training to end; what it learned is dropped."""

    exit_code = 130


def stoppable(steps: Iterable[Step], should_stop: ShouldStop | None) -> Iterator[Step]:
    """Pass `steps` on, until `should_stop` says True.

    Raises:
        TrainingStoppedError: it said so.
    """
    for step in steps:
        if should_stop is not None and should_stop():
            raise TrainingStoppedError("the training was stopped; run it again to finish it")
        yield step
