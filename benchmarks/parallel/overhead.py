"""Time what workers add to a training: `python -m benchmarks.parallel.overhead --workers ray`."""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from bort.core.architecture import Architecture
from bort.core.workers import WorkersSpec
from bort.jobs.workers.cluster import RayPool
from bort.jobs.workers.local import LocalWorker
from bort.jobs.workers.messages import evaluation_message
from bort.jobs.workers.pool import Trainer, WorkerPool

ECHO = ("-m", "benchmarks.parallel.echo")
ROUNDS = 200
ANY = Architecture.of(depth=2, heads=2, hidden=64, intermediate=128)


def main() -> None:
    """Print the milliseconds from asking for a training that takes no time to its result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", default="ray", metavar="ray[:ADDRESS]")
    address = WorkersSpec(workers=parser.parse_args().workers).address
    assert address is not None
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        make = partial(LocalWorker, {}, log=log, arguments=ECHO)
        asked = {"brief": {}, "kit": [], "count": 1, "threads": 1, "device": "cpu"}
        pools: dict[str, Trainer] = {
            "process": WorkerPool(1, make, log=str(log)),
            "ray": RayPool(
                address,
                {**asked, "arguments": ECHO},
                log=log,
                on_refusal=print,
                on_change=lambda states: None,  # noqa: ARG005
            ),
        }
        for name, pool in pools.items():
            low, middle, high = np.percentile(_milliseconds(pool), [5, 50, 95])
            print(f"{name:8} {middle:7.2f} ms (5 to 95% of {ROUNDS}: {low:.2f} to {high:.2f} ms)")
            pool.close()


def _milliseconds(pool: Trainer) -> list[float]:
    pool.submit(evaluation_message(ANY, 0)).result()  # it has started now
    taken = []
    for seed in range(ROUNDS):
        begun = time.perf_counter()
        pool.submit(evaluation_message(ANY, seed)).result()
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


if __name__ == "__main__":
    main()
