"""Runners for the tests; worker processes find them through PYTHONPATH."""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from bort.core.errors import DiskFullError, InvalidDataError
from bort.core.evaluation import Evaluation
from bort.core.progress import Progress, Stage
from bort.jobs import JobContext, JobRecord

WaitFor = Callable[[int, Callable[[JobRecord], bool]], JobRecord]
"""The type of the fixture `wait_for`."""


def count(context: JobContext) -> dict[str, Any]:
    """Count to `spec["to"]`, continuing from an earlier attempt's file."""
    note = context.folder / "count.txt"
    n = int(note.read_text()) if note.exists() else 0
    while n < context.spec["to"] and not context.should_stop():
        n += 1
        note.write_text(str(n))
        context.report(
            Progress(n, context.spec["to"], Stage.AUDITING, f"{n}", numbers={"epsilon": 1 / n})
        )
        time.sleep(context.spec.get("pause", 0.0))
    return {"counted": n, "attempt": context.job.attempt}


def evaluate(context: JobContext) -> dict[str, Any]:
    """Store `spec["to"]` evaluations in the job's study; the first attempt halts at `hold_at`."""
    for i in range(context.spec["to"]):
        context.store.add_evaluation(
            context.job.study or "", f"{i}", {"depth": i + 1}, Evaluation(0.1, 0.01, 100)
        )
        if context.job.attempt == 1 and i + 1 == context.spec.get("hold_at"):
            time.sleep(600)
        time.sleep(context.spec.get("pause", 0.0))
        if context.should_stop():
            break
    return {}


def deaf(context: JobContext) -> dict[str, Any]:
    """Never check whether to stop."""
    context.report(Progress(0, 1, subject="deaf"))
    time.sleep(60)
    return {}


def deaf_and_stubborn(context: JobContext) -> dict[str, Any]:
    """Also ignore SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return deaf(context)


def mistaken(context: JobContext) -> dict[str, Any]:
    """Fail because of a user's mistake."""
    raise InvalidDataError("the column 'text' is missing; name it with --text")


def broken(context: JobContext) -> dict[str, Any]:
    """Fail by ours."""
    print("before the end", flush=True)
    raise ZeroDivisionError("division\nby zero")


def starved(context: JobContext) -> dict[str, Any]:
    """Run out of memory."""
    raise MemoryError


def starved_in_torch(context: JobContext) -> dict[str, Any]:
    """Ask torch's allocator for more memory than there is."""
    import torch

    torch.empty(2**62, dtype=torch.uint8)
    return {}


def starved_on_a_gpu(context: JobContext) -> dict[str, Any]:
    """Fail as an accelerator's allocator does."""
    import torch

    raise torch.OutOfMemoryError("Tried to allocate 20 GiB")


def full(context: JobContext) -> dict[str, Any]:
    """Fail with a full disk."""
    raise DiskFullError("the disk is full; free some space")


def interrupted(context: JobContext) -> dict[str, Any]:
    """Get a keyboard interrupt after one step."""
    context.report(Progress(1, 2))
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
    return {}


def leave(context: JobContext) -> dict[str, Any]:
    """Call exit, as some libraries do."""
    sys.exit(3)


def not_json(context: JobContext) -> dict[str, Any]:
    """Return a value that JSON cannot store."""
    return {"nan": float("nan"), "tuple": (1, 2)}
