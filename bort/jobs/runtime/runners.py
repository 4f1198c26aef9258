"""The function that runs each kind of job.

Only this table names code: a row of the database names a kind, never a module. A process that
starts a worker passes it the entry, so that both run the same function.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from bort.core.errors import InvalidOptionError
from bort.jobs.runtime.context import JobContext

Runner = Callable[[JobContext], Mapping[str, Any]]
"""Works on a job until it is done or `context.should_stop()`, and returns JSON values."""

# Kind -> "module:function", imported when the job begins.
RUNNERS: dict[str, str] = {
    "search": "bort.jobs.kinds.search:run",
    "agora": "bort.jobs.kinds.agora:run",
    "agora-comparison": "bort.jobs.kinds.agora:compare",
    "finetune": "bort.jobs.kinds.finetune:run",
    "rivals": "bort.jobs.kinds.rivals:run",
    "latency": "bort.jobs.kinds.latency:run",
    "winners": "bort.jobs.kinds.latency:winners",
    "landmarks": "bort.jobs.kinds.latency:landmarks",
}

MEASUREMENTS = ("latency", "winners", "landmarks")
"""Kinds that Ctrl-C stops like a cancellation: they then keep their complete rounds."""


def runner_path(kind: str) -> str:
    """The `module:function` that runs a kind.

    Raises:
        InvalidOptionError: no such kind.
    """
    if kind not in RUNNERS:
        raise InvalidOptionError(
            f"there is no kind of job called {kind!r}; choose one of {', '.join(sorted(RUNNERS))}"
        )
    return RUNNERS[kind]


def load_runner(path: str) -> Runner:
    """Import `module:function`."""
    module, _, function = path.partition(":")
    runner: Runner = getattr(import_module(module), function)
    return runner
