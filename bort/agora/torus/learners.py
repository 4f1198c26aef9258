"""Students and labelers for points of R^d, in numpy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial import cKDTree

from bort.agora.loop.parts import Hyperparameters, Labels
from bort.agora.loop.values import Examples, FloatArray, Inputs, IntArray, most_probable
from bort.core.errors import InvalidOptionError


@dataclass(frozen=True, slots=True)
class NearestNeighbours:
    """k-NN: predicts the most probable class among the k nearest examples.

    Hyperparameters: `neighbours` (default 5; all examples if there are fewer).
    """

    def fit(
        self, examples: Examples, hyperparameters: Hyperparameters, rng: np.random.Generator
    ) -> "NearestNeighboursModel":
        """Remember the examples."""
        del rng
        return NearestNeighboursModel(examples, int(hyperparameters.get("neighbours", 5)))


class NearestNeighboursModel:
    """The remembered examples, in a k-d tree."""

    def __init__(self, examples: Examples, neighbours: int) -> None:
        self._tree = cKDTree(examples.inputs)
        self._soft = examples.probabilities
        self._k = min(neighbours, len(examples))

    def predict_probabilities(self, inputs: Inputs) -> FloatArray:
        """Return the mean of the neighbours' probabilities, shape (n, classes)."""
        if not len(inputs):
            return np.empty((0, self._soft.shape[1]))
        _, near = self._tree.query(inputs, k=[*range(1, self._k + 1)])
        mean: FloatArray = self._soft[near].mean(axis=1)
        return mean

    def predict(self, inputs: Inputs) -> IntArray:
        """Predict the most probable class of each point, shape (n,)."""
        return most_probable(self.predict_probabilities(inputs))


@dataclass(frozen=True, slots=True)
class RandomFeatures:
    """Ridge regression of the classes on random Fourier features of a Gaussian kernel.

    Hyperparameters: `width` of the kernel (default 0.5, in units of the inputs), `features`
    (default 300), `ridge` (default 1e-4, added to the mean squares).
    Cost: one linear system with `features` + 1 unknowns.
    Source: A. Rahimi, B. Recht (2007), *Random features for large-scale kernel machines*.
    """

    def fit(
        self, examples: Examples, hyperparameters: Hyperparameters, rng: np.random.Generator
    ) -> "RandomFeaturesModel":
        """Draw the features, then solve for the weights."""
        count = int(hyperparameters.get("features", 300))
        scale = hyperparameters.get("width", 0.5)
        frequencies = rng.standard_normal((examples.inputs.shape[1], count)) / scale
        phases = rng.uniform(0, 2 * np.pi, count)
        drawn = RandomFeaturesModel(frequencies, phases, np.empty((count + 1, 0)))
        features = drawn.features(examples.inputs)
        squares = features.T @ features / len(features)
        squares.flat[:: count + 2] += hyperparameters.get("ridge", 1e-4)
        targets = features.T @ examples.probabilities / len(features)
        weights = cho_solve(cho_factor(squares, lower=True), targets)
        return RandomFeaturesModel(frequencies, phases, weights)


@dataclass(frozen=True, eq=False, slots=True)
class RandomFeaturesModel:
    """The random features and learned weights, shapes (d, F), (F,) and (F + 1, classes)."""

    frequencies: FloatArray
    phases: FloatArray
    weights: FloatArray

    def features(self, inputs: Inputs) -> FloatArray:
        """Compute the features and a constant, shape (n, F + 1)."""
        waves = np.cos(inputs @ self.frequencies + self.phases)
        waves *= np.sqrt(2 / len(self.phases))
        return np.hstack([waves, np.ones((len(waves), 1))])

    def predict_probabilities(self, inputs: Inputs) -> FloatArray:
        """Return the regression, clipped at 0 and scaled to sum to 1, shape (n, classes)."""
        positive = np.clip(self.features(inputs) @ self.weights, 1e-9, None)
        probabilities: FloatArray = positive / positive.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, inputs: Inputs) -> IntArray:
        """Predict the most probable class of each point, shape (n,)."""
        return most_probable(self.features(inputs) @ self.weights)


@dataclass(frozen=True, slots=True)
class RandomGuesser:
    """A random guesser with memory: the weakest student that Agora can teach.

    [ours] The announcement only says that a random guesser ends up learning. Ours remembers its
    training examples and does nothing else. For a point it predicts the most probable class among
    the examples within `memory_radius`; if there are none, or the classes tie, it draws uniformly
    among the tied classes. Untaught, it errs with probability (K-1)/K for K classes. It does not
    generalise beyond the radius, so its error measures how much of the data the training set
    covers.

    Hyperparameters: `memory_radius` (default 0.35, in units of the inputs).
    """

    def fit(
        self, examples: Examples, hyperparameters: Hyperparameters, rng: np.random.Generator
    ) -> "RandomGuesserModel":
        """Remember the examples and fix the seed of the guesses."""
        seed = int(rng.integers(2**32))
        return RandomGuesserModel(examples, hyperparameters.get("memory_radius", 0.35), seed)


class RandomGuesserModel:
    """The remembered examples. Every prediction draws its guesses from the same seed."""

    def __init__(self, examples: Examples, memory_radius: float, seed: int) -> None:
        self._tree = cKDTree(examples.inputs)
        self._soft = examples.probabilities
        self._radius = memory_radius
        self._seed = seed

    def predict(self, inputs: Inputs) -> IntArray:
        """Recall the class of a nearby example, else guess, shape (n,)."""
        if not len(inputs):
            return np.empty(0, dtype=np.int64)
        is_near = cKDTree(inputs).sparse_distance_matrix(
            self._tree, self._radius, output_type="coo_matrix"
        )
        is_near.data[:] = 1.0
        # Rounded, so that sums that differ only in the last digit tie.
        votes = np.round(np.asarray(is_near @ self._soft), 9)
        is_tied = votes == votes.max(axis=1, keepdims=True)
        lots = np.random.default_rng(self._seed).uniform(size=votes.shape)
        return most_probable(np.where(is_tied, lots, -1.0))


@dataclass(frozen=True, slots=True)
class Oracle:
    """A labeler that knows the true class, but returns another with probability `noise`.

    Attributes:
        truth: returns the true class of each input, shape (n,).
        noise: probability of a wrong answer, 0..1. Its stated confidence is 1 - noise.
    """

    class_names: tuple[str, ...]
    truth: Callable[[Inputs], IntArray]
    noise: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.noise <= 1:
            raise InvalidOptionError(
                f"the noise must be a probability from 0 to 1, got {self.noise!r}; try 0.1"
            )

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """Return the true classes, some of them replaced."""
        k, n = len(self.class_names), len(inputs)
        shift = np.where(rng.uniform(size=n) < self.noise, rng.integers(1, k, size=n), 0)
        said = (self.truth(inputs) + shift) % k
        soft = np.full((n, k), self.noise / (k - 1))
        soft[np.arange(n), said] = 1 - self.noise
        if self.noise > (k - 1) / k:  # worse than guessing, but still most sure of its answer
            soft = np.eye(k)[said]
        return Labels(soft, np.zeros(n, dtype=bool))


class ProbabilityModel(Protocol):
    """A fitted classifier that predicts probabilities."""

    def predict_probabilities(self, inputs: Inputs) -> FloatArray:
        """Return probabilities, shape (n, classes), rows sum to 1."""
        ...


@dataclass(frozen=True, slots=True)
class ModelLabeler:
    """A labeler made from a fitted model, such as k-NN."""

    class_names: tuple[str, ...]
    model: ProbabilityModel

    def label(self, inputs: Inputs, rng: np.random.Generator) -> Labels:
        """Return the model's probabilities; never abstains."""
        del rng
        return Labels(self.model.predict_probabilities(inputs), np.zeros(len(inputs), dtype=bool))
