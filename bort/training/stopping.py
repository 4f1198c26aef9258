"""Ending a training from outside."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from bort.core.errors import BortError
from bort.core.machine.locks import wait_while_measuring

Step = TypeVar("Step")
ShouldStop = Callable[[], bool]


class TrainingStoppedError(BortError, RuntimeError):
    """Somebody asked a training to end; what it learned is dropped."""

    exit_code = 130


def pause_unless(should_stop: ShouldStop | None) -> Callable[[], object]:
    """What `train` calls between steps: waits while latency is measured, or until told to stop."""
    return partial(wait_while_measuring, should_stop)


def stop_or_pause(should_stop: ShouldStop | None) -> None:
    """Between two batches: wait while latency is measured.

    Raises:
        TrainingStoppedError: `should_stop` said True.
    """
    _check(should_stop)
    wait_while_measuring(should_stop)


def stoppable(steps: Iterable[Step], should_stop: ShouldStop | None) -> Iterator[Step]:
    """Pass `steps` on, until `should_stop` says True.

    Raises:
        TrainingStoppedError: it said so.
    """
    for step in steps:
        _check(should_stop)
        yield step


def _check(should_stop: ShouldStop | None) -> None:
    if should_stop is not None and should_stop():
        raise TrainingStoppedError("the training was stopped; run it again to finish it")
