"""Measure the cost of proposing and embedding 10,000 texts, compared with training one round.

Run: python -m benchmarks.agora.proposing [THREADS]

Movie reviews, 500 labelled texts, the defaults of `bort agora run`: student 2-2-128-512, 300 steps
a round. Everything is timed in one process, in processor time; the last column is what matters.
If new texts must go through the source network, 1,000 are timed and the result is multiplied by 10.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bort.agora.loop.parts import Labels
from bort.agora.loop.proposing import propose
from bort.agora.text.data import load_texts
from bort.agora.text.samplers import Proposers
from bort.agora.text.spaces import RememberedSpace, usual_radius
from bort.agora.text.spec import small_space
from bort.agora.text.world import TextWorld, text_world
from bort.core.agora import ARCHITECTURE, STEPS, TextSpec
from bort.core.study import TaskSpec, TrainingSpec
from bort.training.execution import training_threads
from bort.training.source import source_network

PROPOSALS, SAMPLE = 10_000, 1_000
WITH_POOL = ("retrieval", "mix", "mixture", "edits")
WITHOUT = ("mix", "mixture", "edits")


class Unsure:
    """A labeler that always abstains, so that only proposing is timed."""

    def __init__(self, class_names: tuple[str, ...]) -> None:
        self.class_names = class_names

    def label(self, inputs: Any, rng: np.random.Generator) -> Any:
        """Abstain."""
        del rng
        return Labels(np.full((len(inputs), 2), 0.5), np.ones(len(inputs), dtype=bool))


class Silent:
    """A student that predicts nothing, so that only proposing is timed."""

    def predict(self, inputs: Any) -> Any:
        """Return zeros."""
        return np.zeros(len(inputs), dtype=np.int64)


def seconds(work: Callable[[], Any]) -> float:
    """Return the processor time of one call."""
    before = time.process_time()
    work()
    return time.process_time() - before


def world_of(threads: int | None) -> TextWorld:
    """Prepare a run with the defaults."""
    training = TrainingSpec(steps=STEPS, initialise="scratch", threads=threads)
    space = small_space(ARCHITECTURE, source_network(training.source).config)
    spec = TextSpec(
        study="benchmark",
        task=TaskSpec(task="movie-reviews", labelled=500),
        space=space.to_dict(),
        architecture=ARCHITECTURE,
        training=training,
    )
    return text_world(spec, load_texts(spec))


def proposing(
    world: TextWorld, proposers: Proposers, sampler: str, space: RememberedSpace, count: int
) -> float:
    """Time sampling near dev items until `count` texts are proposed, and deciding about them."""
    dev, made = world.task.dev.inputs, proposers.sampler(sampler, space)
    parts = replace(
        world.parts, represent=space, sampler=made, labeler=Unsure(world.task.class_names)
    )
    options = replace(
        world.options,
        radius=usual_radius(space(dev), space(proposers.items)),
        points_per_error=-(-PROPOSALS // len(dev)),
    )

    def work(count: int) -> None:
        space.forget()
        propose(
            dev,
            range(len(dev)),
            parts,
            replace(options, points_per_round=count),
            model=Silent(),
            known=set(),
            points_left=None,
            rng=np.random.default_rng(count),
        )

    work(10)  # finds the neighbours of all words, once per run
    return seconds(lambda: work(count))


def main() -> None:
    """Print one line per sampler and space."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else None
    world = world_of(threads)
    train, dev, pool = world.task.train, world.task.dev.inputs, world.pool
    visible = [train.inputs, dev, pool]
    networks = world.networks
    with training_threads(threads):
        fit = seconds(lambda: world.parts.student.fit(train, {}, np.random.default_rng(0)))
        print(f"{f'one round: {STEPS} steps of {ARCHITECTURE}':40}{fit:8.1f} s")
        words = networks.word_space(visible)
        empty = Proposers(networks.tokens, networks.words(visible), train.inputs, pool[:0])
        for name, space in (("source", world.space), ("words", words)):
            for pooled, proposers, samplers in (
                (f"pool of {len(pool):,}", world.proposers, WITH_POOL),
                ("no pool", empty, WITHOUT),
            ):
                for sampler in samplers:
                    is_costly = name == "source" and (sampler == "edits" or proposers is empty)
                    count = SAMPLE if is_costly else PROPOSALS
                    spent = proposing(world, proposers, sampler, space, count)
                    spent *= PROPOSALS / count
                    title = f"{sampler}, {pooled}, near in {name}"
                    print(f"{title:40}{spent:8.1f} s {spent / fit:8.2f} of a round", flush=True)


if __name__ == "__main__":
    main()
