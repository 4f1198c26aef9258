"""Formula parts for the loop: everything is exact, small and deterministic."""

import json
from dataclasses import dataclass, field

import numpy as np

from bort.agora.loop import (
    AgoraOptions,
    AgoraTask,
    Examples,
    Inputs,
    Labels,
    Parts,
    Proposals,
    Round,
    agora,
)
from bort.core.serialise import from_json, to_json

NAMES = ("below", "above")


def truth(inputs: Inputs) -> np.ndarray:
    """Cut the line at 0 and at 2: two classes in three pieces."""
    x = inputs[:, 0]
    return ((x > 0) & (x < 2)).astype(np.int64)


@dataclass
class NearestStudent:
    """1-NN on the line; a hyperparameter set can flip a share of its answers."""

    def fit(self, examples, hyperparameters, rng):
        return NearestModel(examples, hyperparameters.get("flip", 0.0), int(rng.integers(1 << 30)))


@dataclass
class NearestModel:
    examples: Examples
    flip: float
    seed: int

    def predict(self, inputs: Inputs) -> np.ndarray:
        distances = np.abs(inputs[:, :1] - self.examples.inputs[:, 0])
        answers = self.examples.labels[distances.argmin(axis=1)]
        lots = np.random.default_rng(self.seed).uniform(size=len(inputs))
        return np.where(lots < self.flip, 1 - answers, answers)


@dataclass
class CountingLabeler:
    """Knows the truth, abstains beyond `limit`, and records its inputs."""

    limit: float = np.inf
    class_names: tuple[str, ...] = NAMES
    asked: list[float] = field(default_factory=list)

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        self.asked.extend(inputs[:, 0].tolist())
        soft = np.eye(2)[truth(inputs)] * 0.8 + 0.1
        return Labels(soft, np.abs(inputs[:, 0]) > self.limit)


@dataclass
class StepSampler:
    """Moves each point by up to `reach` radii, on a grid so that copies occur."""

    reach: float = 1.0
    name: str = "step"

    def sample_near(self, points, radius, rng, *, known=frozenset()):
        steps = rng.uniform(-1, 1, size=(len(points), 1)) * radius * self.reach
        moved = np.round(points + steps, 2)
        return Proposals(moved, np.arange(len(points)), (self.name,) * len(points))


def line(n: int, seed: int, low: float = -3.0, high: float = 3.0) -> Examples:
    inputs = np.random.default_rng(seed).uniform(low, high, size=(n, 1))
    return Examples.of(inputs, truth(inputs), 2)


def line_task(dev: int = 60) -> AgoraTask:
    train = np.array([[-2.0], [-1.0], [0.1], [0.2]])
    return AgoraTask(NAMES, Examples.of(train, truth(train), 2), line(dev, 1))


def parts(**changes) -> Parts:
    chosen = {
        "student": NearestStudent(),
        "labeler": CountingLabeler(),
        "represent": lambda inputs: np.asarray(inputs, dtype=float),
        "sampler": StepSampler(),
    }
    return Parts(**(chosen | changes))


def options(**changes) -> AgoraOptions:
    few = {"radius": 0.3, "rounds": 4, "points_per_error": 1, "points_per_round": 6}
    return AgoraOptions(**(few | changes))


def rounds_of(task: AgoraTask, parts: Parts, options: AgoraOptions, **more) -> list[Round]:
    return [step.round for step in agora(task, parts, options, **more)]


def through_json(rounds: list[Round]) -> list[Round]:
    """Return the rounds as a store would."""
    text = json.dumps(to_json(rounds), allow_nan=False)
    return list(from_json(tuple[Round, ...], json.loads(text), what="the rounds"))
