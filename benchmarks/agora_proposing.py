"""What it costs to propose and embed 10,000 texts, beside the training of one round.

Run: python benchmarks/agora_proposing.py [THREADS]

Movie reviews, 500 labelled texts, the defaults of `bort agora run`: student 2-2-128-512, 300 steps
a round, the source network's sentence vectors. Everything is timed in this one process; what
matters is the last column. Where there is no pool, all texts are labelled.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bort.agora.proposing import propose
from bort.agora_text.material import run_task
from bort.agora_text.spec import TextSpec, small_space
from bort.agora_text.world import TextWorld, text_world
from bort.cli.agora_run import ARCHITECTURE, STEPS
from bort.study import TaskSpec, TrainingSpec
from bort.training.source import source_network

PROPOSALS = 10_000
REPEATS = 3
LABELLED = 500


class Unsure:
    """Labels nothing, so that only proposing is timed."""

    def __init__(self, class_names: tuple[str, ...]) -> None:
        self.class_names = class_names

    def label(self, inputs: Any, rng: np.random.Generator) -> Any:
        """Abstain."""
        from bort.agora.parts import Labels

        del rng
        return Labels(np.full((len(inputs), 2), 0.5), np.ones(len(inputs), dtype=bool))


class Silent:
    """Predicts nothing, for the same reason."""

    def predict(self, inputs: Any) -> Any:
        """Zeros."""
        return np.zeros(len(inputs), dtype=np.int64)


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall clock and processor time of one call."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def best(work: Callable[[], Any]) -> tuple[float, float]:
    """The quickest of some calls: what else runs on the machine only ever adds."""
    times = [seconds(work) for _ in range(REPEATS)]
    return min(wall for wall, _ in times), min(processor for _, processor in times)


def world_of(threads: int | None, *, labelled: int | None) -> TextWorld:
    """The parts of a run with the defaults; no teacher is needed to propose."""
    training = TrainingSpec(steps=STEPS, initialise="scratch", threads=threads)
    space = small_space(ARCHITECTURE, source_network(training.source).config)
    spec = TextSpec(
        study="benchmark",
        task=TaskSpec(task="movie-reviews", labelled=labelled),
        space=space.to_dict(),
        architecture=ARCHITECTURE,
        training=training,
        labeler="probe",
    )
    return text_world(spec, run_task(spec))


def proposing(world: TextWorld, sampler: str) -> Callable[[], None]:
    """Sample near all dev items until 10,000 texts are proposed, and judge them."""
    made = world.proposers.sampler(sampler, world.parts.represent)
    parts = replace(world.parts, sampler=made, labeler=Unsure(world.task.class_names))
    dev = world.task.dev.inputs
    options = replace(
        world.options, points_per_error=-(-PROPOSALS // len(dev)), points_per_round=PROPOSALS
    )

    def work() -> None:
        world.space.forget()
        propose(
            dev,
            range(len(dev)),
            parts,
            options,
            model=Silent(),
            known=set(),
            points_left=None,
            rng=np.random.default_rng(0),
        )

    work()  # tokens, neighbours of words and the like are found once in a run
    return work


def main() -> None:
    """Print one line per sampler."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else None
    print(f"{'':34}{'wall':>9}{'processor':>11}{'of a round':>12}")
    with_pool = world_of(threads, labelled=LABELLED)
    student, train = with_pool.parts.student, with_pool.task.train
    fit = best(lambda: student.fit(train, {}, np.random.default_rng(0)))
    print(f"{f'one round: {STEPS} steps of {ARCHITECTURE}':34}{fit[0]:8.1f}s{fit[1]:10.1f}s")
    for name in ("retrieval", "mix", "mixture", "edits"):
        show(f"{name}, pool of {len(with_pool.pool):,}", proposing(with_pool, name), fit)
    without = world_of(threads, labelled=None)
    for name in ("mix", "mixture", "edits"):
        show(f"{name}, no pool", proposing(without, name), fit)


def show(name: str, work: Callable[[], None], fit: tuple[float, float]) -> None:
    """One line: the times, and their share of a round's."""
    wall, processor = best(work)
    print(f"{name:34}{wall:8.1f}s{processor:10.1f}s{processor / fit[1]:12.2f}")


if __name__ == "__main__":
    main()
