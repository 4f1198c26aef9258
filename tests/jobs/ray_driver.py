"""A search on a Ray cluster whose errors come from a formula: `python ray_driver.py SPEC FOLDER`.

SPEC is a JSON file with the description of the job. Its workers are `made_up_worker.py`, which note
what they do in FOLDER. Tests kill it.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from made_up_errors import made_up_evaluation

from bort.core.origin import Origin
from bort.jobs import run_here
from bort.jobs.kinds import search as search_job
from bort.jobs.kinds import trainings
from bort.jobs.workers.cluster import RayPool
from bort.storage import open_store

WORKER = Path(__file__).parent / "made_up_worker.py"


def make_up(set_attribute: Callable[[object, str, object], object], folder: Path) -> None:
    """Let a search in this process train nothing, and let its workers on a cluster do the same."""

    def train(architecture, seed):
        return replace(made_up_evaluation(architecture), seed=seed)

    oracle = SimpleNamespace(
        evaluate=train, origin=Origin(device="cpu", threads=1), kit=lambda folder: []
    )

    def pool(address, asked, **more):
        return RayPool(address, {**asked, "arguments": [str(WORKER), str(folder)]}, **more)

    set_attribute(search_job, "_oracle", lambda context, spec, space: oracle)
    set_attribute(trainings, "RayPool", pool)


def main(spec: Path, folder: Path) -> None:
    make_up(setattr, folder)
    job = json.loads(spec.read_text("utf-8"))
    with open_store() as store:
        run_here(store, "search", job, study=job["name"])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
