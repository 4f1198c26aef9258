"""Load on purpose: processes that compute for nothing, to see whether the noise check notices."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bort.core.machine.cores import logical_cpus

_LOOP = "import os\nwhile os.getppid() == {parent}: pass"  # ends with the process that began it


@contextmanager
def busy_loops(count: int | None = None) -> Iterator[None]:
    """Keep `count` cores busy for the length of a `with` block; None is all of them."""
    loops = count or logical_cpus()
    code = _LOOP.format(parent=os.getpid())
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()
