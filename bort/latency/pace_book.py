"""The usual pace of this machine: small files in the home folder, one per runtime and workload."""

import contextlib
import hashlib
import json
from pathlib import Path

from bort.core.errors import StoreError
from bort.core.files import read_json, write_json_atomically
from bort.core.machine.fingerprint import this_machine
from bort.core.paths import home
from bort.latency.pace import Pace
from bort.latency.runtimes import runtime_kind
from bort.latency.workload import Workload


class PaceFiles:
    """Implements `bort.latency.pace.PaceBook`.

    Other libraries, threads or hardware have a pace of their own; what cannot be read counts as
    not there, and what cannot be written is not kept: the measurement goes on without.

    Args:
        is_new: leave what is kept unread, and keep a new pace in its place.
    """

    def __init__(self, *, is_new: bool = False) -> None:
        self._is_new = is_new

    def usual(self, runtime: str, workload: Workload) -> Pace | None:
        """The pace kept for this runtime and workload on this machine, if there is one."""
        found = None if self._is_new else read_json(_path(runtime, workload))
        try:
            return None if found is None else Pace.from_dict(found)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    def keep(self, pace: Pace, runtime: str, workload: Workload) -> None:
        """Keep a pace as the usual one."""
        with contextlib.suppress(StoreError):
            write_json_atomically(
                _path(runtime, workload),
                {**pace.to_dict(), "runtime": runtime, **workload.to_dict()},
            )


def _path(runtime: str, workload: Workload) -> Path:
    machine = this_machine(runtime_kind(runtime).libraries, threads=workload.threads)
    key = json.dumps([machine.digest, runtime, workload.to_dict()], sort_keys=True)
    return home() / "paces" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
