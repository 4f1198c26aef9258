"""Record the rounds of the lesson "Agora on the torus", with the product's own Agora."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.agora.homology import homology
from bort.agora.loop import AgoraTask, Examples, Step, agora, error_rate
from bort.agora.loop.values import ErrorRate, FloatArray, IntArray, as_inputs
from bort.agora.torus.world import (
    CLASS_NAMES,
    angles,
    on_torus,
    torus_points,
    torus_world,
    true_class,
)
from bort.agora.world import World
from bort.core.agora import TORUS_LABELERS, TORUS_LEARNERS, TORUS_RADIUS, TorusSpec
from bort.core.progress import OnStep, Progress, Stage, ignore

ROUNDS = 5
RADII = (TORUS_RADIUS, 0.1)  # the usual one, and one so small that dev errors are learned by heart
SEEDS = 6  # runs that show how optimistic dev is on average; the pictures show the first
GRID = (72, 36)  # places around the hole and around the tube where the decision is drawn
LONGEST = 4.0  # edge length of a persistence diagram's last step; more never dies
NEVER = 255
_DRAWING, _LABELLING = 1, 2  # streams of randomness of the random points


def record(*, on_step: OnStep = ignore) -> dict[str, Any]:
    """Run Agora with every learner, labeler and radius, and random points beside it.

    Cost: a quarter of an hour on one thread.
    """
    specs = [
        TorusSpec(learner=learner, labeler=labeler, radius=radius, rounds=ROUNDS)
        for learner, labeler, radius in product(TORUS_LEARNERS, TORUS_LABELERS, RADII)
    ]
    runs, most = {}, 0
    for done, spec in enumerate(specs):
        on_step(Progress(done, len(specs), Stage.AGORA_ROUND, key(spec)))
        found = list(beside(spec))
        most = max(most, found[-1].added)
        gaps = [[one.gaps for one in beside(replace(spec, seed=seed))] for seed in range(1, SEEDS)]
        runs[key(spec)] = {
            "agora": [frame(one.world, one.step) for one in found],
            "random": [frame(one.world, one.random) for one in found],
            "gaps": _means([[one.gaps for one in found], *gaps]),
        }
    world = torus_world(specs[0])
    task = world.task
    return {
        "rounds": ROUNDS,
        "radii": list(RADII),
        "learners": list(TORUS_LEARNERS),
        "labelers": list(TORUS_LABELERS),
        "classes": list(CLASS_NAMES),
        "seeds": SEEDS,
        "grid": list(GRID),
        "longest": LONGEST,
        "never": NEVER,
        "audit": len(world.audit),
        "train": {"places": places(task.train.inputs), "labels": bits(task.train.labels)},
        "dev": {"places": places(task.dev.inputs), "labels": bits(task.dev.labels)},
        "random": _random(specs, most),
        "runs": runs,
    }


def key(spec: TorusSpec) -> str:
    """The name of a run in the recording."""
    return f"{spec.learner} {spec.labeler} {spec.radius:g}"


@dataclass(frozen=True, eq=False, slots=True)
class Beside:
    """A round of Agora, and the same learner trained on as many points from anywhere.

    Attributes:
        step: Agora's round.
        random: the student of the training set and `added` random points.
        added: how many points the round's training set has beyond the original ones.
    """

    world: World
    step: Step
    random: Step
    added: int

    @property
    def gaps(self) -> tuple[float, ...]:
        """Dev and audit error of Agora, then of random points."""
        audit = self.world.audit
        return tuple(
            rate
            for step in (self.step, self.random)
            for rate in (
                step.round.dev_error.rate,
                error_rate(step.model.predict(audit.inputs), audit.labels).rate,
            )
        )


def beside(spec: TorusSpec) -> Iterator[Beside]:
    """Run Agora, and after each round train on as many random points, labelled by its labeler."""
    world = torus_world(spec)
    task = world.task
    for step in agora(task, world.parts, world.options):
        added = len(step.examples) - len(task.train)
        points = random_examples(world, spec.seed, added)
        examples = Examples(
            np.concatenate([task.train.inputs, points.inputs]),
            np.concatenate([task.train.probabilities, points.probabilities]),
        )
        # A run without rounds of sampling: it trains every setting and keeps the best on dev.
        alone = replace(world.options, rounds=0)
        (random,) = agora(AgoraTask(task.class_names, examples, task.dev), world.parts, alone)
        yield Beside(world, step, random, added)


def random_examples(world: World, seed: int, count: int) -> Examples:
    """Draw points from the whole torus; more points begin with the same ones."""
    drawn = _sequence(seed, count)
    rng = np.random.default_rng((seed, _LABELLING))
    found = world.parts.labeler.label(drawn, rng).probabilities[:count]
    return Examples(drawn[:count], found)


def _sequence(seed: int, count: int) -> FloatArray:
    """Draw whole thousands, so that fewer are the beginning of more."""
    parts = (
        torus_points(1000, np.random.default_rng((seed, _DRAWING, number)))
        for number in range(count // 1000 + 1)
    )
    return np.concatenate(list(parts))


def _random(specs: Sequence[TorusSpec], most: int) -> dict[str, Any]:
    """The random points of all runs: the same places, and the labels of each labeler."""
    labels = {}
    for spec in specs:
        found = random_examples(torus_world(spec), spec.seed, most)
        labels[spec.labeler] = bits(found.labels)
    return {"places": places(found.inputs), "labels": labels}


def frame(world: World, step: Step) -> dict[str, Any]:
    """What the lesson draws of a round: `RoundSummary` in short, points, decision and diagrams."""
    done, accepted = step.round, step.round.accepted
    shape = homology(step.examples.inputs, dimension=world.observer.dimension)
    wrong = np.isin(np.arange(len(world.task.dev)), done.wrong_dev)
    found = as_inputs([point.value for point in accepted])
    labels = np.array([point.label for point in accepted], dtype=np.int64)
    return {
        "size": done.train_size,
        "dev": rate(done.dev_error),
        "audit": rate(error_rate(step.model.predict(world.audit.inputs), world.audit.labels)),
        "betti": list(shape.betti),
        "spacing": round(shape.spacing, 4),
        "gap": shape.gap,
        "diagrams": [diagram(each) for each in shape.diagrams],
        "wrong": bits(wrong),
        "surface": bits(step.model.predict(grid_points())),
        "added": len(accepted),
        "places": places(found) if accepted else "",
        "labels": bits(labels),
        "right": int(np.count_nonzero(true_class(found) == labels)) if accepted else 0,
    }


def rate(error: ErrorRate) -> list[float]:
    """An error rate with its 95% interval."""
    return [round(value, 5) for value in (error.rate, error.low, error.high)]


def grid_points() -> FloatArray:
    """The middles of the grid's cells, longitude first."""
    around, along = GRID
    longitude = (np.arange(around) + 0.5) * 2 * np.pi / around - np.pi
    latitude = (np.arange(along) + 0.5) * 2 * np.pi / along - np.pi
    return on_torus(np.repeat(longitude, along), np.tile(latitude, around))


def places(points: NDArray[Any]) -> str:
    """Encode each point's longitude and latitude in a byte each: 256 places around."""
    turns = np.stack(angles(points), axis=1) / (2 * np.pi)
    return _text(np.floor(turns * 256).astype(np.int64) % 256)


def diagram(features: FloatArray) -> str:
    """Encode births and deaths in a byte each; pairs that look the same are kept once."""
    steps = np.where(np.isinf(features), NEVER, np.round(features / LONGEST * (NEVER - 1)))
    pairs = np.unique(steps.astype(np.int64), axis=0)
    return _text(pairs[pairs[:, 0] < pairs[:, 1]])


def bits(flags: NDArray[np.bool_] | IntArray) -> str:
    """Encode zeros and ones, eight to a byte."""
    return base64.b64encode(np.packbits(flags.astype(bool)).tobytes()).decode()


def _text(values: IntArray) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()


def _means(runs: Sequence[Sequence[Sequence[float]]]) -> list[dict[str, list[float]]]:
    """For each round, the mean gap of Agora and of random points, and its standard error.

    Runs that ended early keep their last round.
    """
    longest = max(map(len, runs))
    filled = np.array([[*run, *[run[-1]] * (longest - len(run))] for run in runs])
    gap = filled[..., 1::2] - filled[..., ::2]  # audit minus dev: (seeds, rounds, 2)
    error = gap.std(axis=0, ddof=1) / np.sqrt(len(runs))
    return [
        {"mean": mean.round(5).tolist(), "error": se.round(5).tolist()}
        for mean, se in zip(gap.mean(axis=0), error, strict=True)
    ]
