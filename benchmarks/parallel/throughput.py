"""Count evaluations per hour with one and two workers: `python -m benchmarks.parallel.throughput`.

Each round trains the same architectures with new workers, and a row is kept as a round ends; a
stopped command continues with the next. The task and its teacher are prepared first, if they are
not in BORT_HOME.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import say
from benchmarks.record.recording import spread
from benchmarks.row_log import RowLog
from bort.core.files import write_atomically
from bort.core.locks import training_places
from bort.core.machine import this_machine
from bort.core.study import StudySpec, TaskSpec, TrainingSpec
from bort.families import SearchSpace, load_space
from bort.jobs.workers.local import LocalWorker
from bort.jobs.workers.messages import evaluation_in, evaluation_message
from bort.jobs.workers.pool import Trainer, WorkerPool
from bort.jobs.workers.process import brief_of
from bort.tasks import load_task

COLUMNS = {
    "workers": int,
    "round": int,
    "evaluations": int,
    "seconds": float,  # from the first training to the last result
    "training_seconds": float,  # of all trainings together
}


def main() -> None:
    """Measure the rounds that are missing, in turns, and print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/bench/throughput.csv"))
    parser.add_argument("--task", default=TaskSpec().task)
    parser.add_argument("--space", default="small")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--count", type=int, default=12, help="architectures of a round")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if max(asked.workers) > (places := training_places(1)):
        parser.error(f"this machine has room for {places} trainings at once")
    space = load_space(asked.space)
    spec = StudySpec(
        name="throughput",
        space=space.to_dict(),
        task=TaskSpec(task=asked.task),
        training=TrainingSpec(threads=1, device="cpu"),
    )
    here = this_machine(["torch"], threads=1)
    log = RowLog(asked.out, COLUMNS, {"task": asked.task, "cpu": here.cpu, "cores": here.cores})
    with tempfile.TemporaryDirectory() as folder:
        pool = _pools(spec, space, Path(folder) / "log")
        measure(log, space, pool, asked.workers, count=asked.count, rounds=asked.rounds)
    print(write_page(log).read_text("utf-8"))


def _pools(spec: StudySpec, space: SearchSpace, log: Path) -> Callable[[int], Trainer]:
    """Prepare task and teacher, and return what makes so many workers."""
    from bort.training.oracle import ErrorOracle

    oracle = ErrorOracle(load_task(spec.task), spec.training, space, seed=spec.search.seed)
    make = partial(LocalWorker, brief_of(spec, oracle.origin), log=log)
    return lambda count: WorkerPool(count, make, log=str(log))


def measure(
    log: RowLog,
    space: SearchSpace,
    pool_of: Callable[[int], Trainer],
    workers: Sequence[int],
    *,
    count: int,
    rounds: int,
) -> None:
    """Add the rounds that are missing; the numbers of workers take turns."""
    done = set(zip(log.rows()["workers"], log.rows()["round"], strict=True))
    for number in range(rounds):
        for several in workers:
            if (several, number) not in done:
                row = _round(space, pool_of(several), several, count)
                log.append({**row, "workers": several, "round": number})
                say(f"round {number + 1}, workers: {several}: {row['seconds']:.1f} s")


def _round(space: SearchSpace, pool: Trainer, workers: int, count: int) -> dict[str, Any]:
    chosen = [space.architecture(row) for row in reversed(spread(space, count))]  # largest first
    try:
        for ready in [pool.submit(evaluation_message(chosen[-1], 1)) for _ in range(2 * workers)]:
            ready.result()  # every worker has loaded what it needs
        begun = time.perf_counter()
        futures = [pool.submit(evaluation_message(one, 0)) for one in chosen]
        found = [evaluation_in(future.result()) for future in futures]
        seconds = time.perf_counter() - begun
    finally:
        pool.close()
    trained = sum(evaluation.seconds for evaluation in found)
    return {"evaluations": len(found), "seconds": seconds, "training_seconds": trained}


def write_page(log: RowLog) -> Path:
    """Write the table as a page next to it."""
    rows = log.rows()
    rows["per_hour"] = 3600 * rows["evaluations"] / rows["seconds"]
    rows["between"] = rows["workers"] * rows["seconds"] - rows["training_seconds"]
    lines = [
        "# Evaluations per hour",
        "",
        f"The same architectures are trained on {log.conditions['task']} with one thread each, by "
        "workers in processes of their own that have loaded their files. Medians over the rounds, "
        "with the least and the most. *Between trainings* is the time in which a worker does not "
        "train, per evaluation: messages, waiting for a place on the cores and, with several "
        "workers, for the last training of a round; the largest architectures come first, so that "
        "this wait is short, as in a search, where the next is always there. "
        f"Measured on {log.conditions['cpu']}, cores: {log.conditions['cores']}. Written by "
        "`python -m benchmarks.parallel.throughput`.",
        "",
        "| workers | rounds | evaluations per hour | training, s | between trainings, s | share |",
        "|---|---|---|---|---|---|",
        *(_line(int(these["workers"].iloc[0]), these) for _, these in rows.groupby("workers")),
    ]
    path = log.path.with_suffix(".md")
    write_atomically(path, ("\n".join(lines) + "\n").encode())
    return path


def _line(workers: int, rows: pd.DataFrame) -> str:
    hourly = rows["per_hour"]
    each = (rows["training_seconds"] / rows["evaluations"]).median()
    between = (rows["between"] / rows["evaluations"]).median()
    return (
        f"| {workers} | {len(rows)} | {hourly.median():.0f} ({hourly.min():.0f} to "
        f"{hourly.max():.0f}) | {each:.2f} | {between:.3f} | {between / each:.1%} |"
    )


if __name__ == "__main__":
    main()
