"""How a training runs on this machine: device, threads, pauses and stopping."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

import torch

from bort.core.errors import BortError, InvalidFieldError
from bort.core.locks import wait_while_measuring
from bort.core.machine import usable_cores
from bort.core.study import Device

Step = TypeVar("Step")
ShouldStop = Callable[[], bool]


class TrainingStoppedError(BortError, RuntimeError):
    """The user stopped the training. Progress since its last checkpoint is lost."""

    exit_code = 130


def resolve_device(device: Device) -> torch.device:
    """Choose the device to train on; "auto" picks cuda, else mps, else cpu.

    Raises:
        InvalidFieldError: this machine, or this build of torch, has no such device.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return torch.device(next((name for name, there in present.items() if there), "cpu"))
    if not present.get(device, True):
        raise InvalidFieldError(
            "device", f"torch finds no {device} device on this machine; use --device cpu or auto"
        )
    return torch.device(device)


@contextlib.contextmanager
def training_threads(threads: int | None) -> Iterator[None]:
    """Compute on this many threads within the block; None uses all usable cores.

    Sums are split over threads, so results repeat to the last bit only with the same number.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads or usable_cores())
    # Denormal numbers make AdamW's divisions ten times slower on x86, and are as good as 0.
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def pause_unless(should_stop: ShouldStop | None) -> Callable[[], object]:
    """Make a callback that pauses while a latency is measured; a stop ends the pause."""
    return partial(_pause, should_stop)


def stop_or_pause(should_stop: ShouldStop | None) -> None:
    """Pause between two batches while a latency is measured.

    Raises:
        TrainingStoppedError: `should_stop` returned True.
    """
    _check(should_stop)
    _pause(should_stop)


class _Paused:
    """What the trainings of this process have waited for measurements."""

    seconds = 0.0


def _pause(should_stop: ShouldStop | None) -> None:
    _Paused.seconds += wait_while_measuring(should_stop)


def seconds_paused() -> float:
    """Return the seconds that trainings of this process have paused so far."""
    return _Paused.seconds


def stoppable(steps: Iterable[Step], should_stop: ShouldStop | None) -> Iterator[Step]:
    """Yield `steps` until `should_stop` returns True.

    Raises:
        TrainingStoppedError: it returned True.
    """
    for step in steps:
        _check(should_stop)
        yield step


def _check(should_stop: ShouldStop | None) -> None:
    if should_stop is not None and should_stop():
        raise TrainingStoppedError("the training was stopped; run it again to finish it")
