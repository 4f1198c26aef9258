"""Ctrl-Z waits until no transaction is open, so that a stopped process keeps nobody waiting."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_gate = threading.Lock()
_open = 0  # transactions of all threads
_is_asked = False


def install() -> None:
    """Let Ctrl-Z (SIGTSTP) wait for transactions; only the main thread of a process may call it."""
    if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:  # a shell may have it ignored
        signal.signal(signal.SIGTSTP, _ask)


@contextmanager
def not_stopped() -> Iterator[None]:
    """Put a stop off until the block ends, in whatever thread it runs."""
    global _open
    with _gate:
        _open += 1
    try:
        yield
    finally:
        with _gate:
            _open -= 1
        _stop_if_asked()


def _ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    global _is_asked
    _is_asked = True
    _stop_if_asked()


def _stop_if_asked() -> None:
    """Stop this process, if that was asked and no transaction is open."""
    global _is_asked
    # Never wait here: the main thread may hold the gate when the signal arrives. Whoever has it
    # asks again when its transaction ends.
    if not _gate.acquire(blocking=False):
        return
    try:
        if _is_asked and _open == 0:
            _is_asked = False
            os.kill(os.getpid(), signal.SIGSTOP)
    finally:
        _gate.release()
