"""Small students for points of R^d, in numpy: k-NN, random features, a guesser with memory."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial import cKDTree

from bort.agora.loop.parts import Setting
from bort.agora.loop.values import Examples, FloatArray, Inputs, IntArray, most_probable


@dataclass(frozen=True, slots=True)
class NearestNeighbours:
    """k-NN: the class with the most probability among the k nearest training examples.

    Hyperparameters: `neighbours` (default 5; all examples where there are fewer).
    """

    def fit(
        self, examples: Examples, setting: Setting, rng: np.random.Generator
    ) -> "NearestNeighboursModel":
        """Remember the examples."""
        del rng
        return NearestNeighboursModel(examples, int(setting.get("neighbours", 5)))


class NearestNeighboursModel:
    """The remembered examples."""

    def __init__(self, examples: Examples, neighbours: int) -> None:
        self._tree = cKDTree(examples.inputs)
        self._soft = examples.probabilities
        self._k = min(neighbours, len(examples))

    def predict_probabilities(self, inputs: Inputs) -> FloatArray:
        """Shape (n, classes): mean of the neighbours' probabilities."""
        if not len(inputs):
            return np.empty((0, self._soft.shape[1]))
        _, near = self._tree.query(inputs, k=[*range(1, self._k + 1)])
        mean: FloatArray = self._soft[near].mean(axis=1)
        return mean

    def predict(self, inputs: Inputs) -> IntArray:
        """Shape (n,): the most probable class."""
        return most_probable(self.predict_probabilities(inputs))


@dataclass(frozen=True, slots=True)
class RandomFeatures:
    """Ridge regression of the classes on random Fourier features of a Gaussian kernel.

    Hyperparameters: `width` of the kernel (default 0.5, in units of the inputs), `features`
    (default 300), `ridge` (default 1e-4, added to the mean squares).
    Cost: one linear system of `features` + 1 unknowns.
    Source: A. Rahimi, B. Recht (2007), *Random features for large-scale kernel machines*.
    """

    def fit(
        self, examples: Examples, setting: Setting, rng: np.random.Generator
    ) -> "RandomFeaturesModel":
        """Draw the features, then solve for the weights."""
        count = int(setting.get("features", 300))
        scale = setting.get("width", 0.5)
        frequencies = rng.standard_normal((examples.inputs.shape[1], count)) / scale
        phases = rng.uniform(0, 2 * np.pi, count)
        drawn = RandomFeaturesModel(frequencies, phases, np.empty((count + 1, 0)))
        features = drawn.features(examples.inputs)
        squares = features.T @ features / len(features)
        squares.flat[:: count + 2] += setting.get("ridge", 1e-4)
        targets = features.T @ examples.probabilities / len(features)
        weights = cho_solve(cho_factor(squares, lower=True), targets)
        return RandomFeaturesModel(frequencies, phases, weights)


@dataclass(frozen=True, eq=False, slots=True)
class RandomFeaturesModel:
    """Drawn features and learnt weights, shapes (d, F), (F,) and (F + 1, classes)."""

    frequencies: FloatArray
    phases: FloatArray
    weights: FloatArray

    def features(self, inputs: Inputs) -> FloatArray:
        """Shape (n, F + 1): the features and a constant."""
        waves = np.cos(inputs @ self.frequencies + self.phases)
        waves *= np.sqrt(2 / len(self.phases))
        return np.hstack([waves, np.ones((len(waves), 1))])

    def predict_probabilities(self, inputs: Inputs) -> FloatArray:
        """Shape (n, classes): the regression, cut at 0 and scaled to sum 1."""
        positive = np.clip(self.features(inputs) @ self.weights, 1e-9, None)
        probabilities: FloatArray = positive / positive.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, inputs: Inputs) -> IntArray:
        """Shape (n,): the most probable class."""
        return most_probable(self.features(inputs) @ self.weights)


@dataclass(frozen=True, slots=True)
class RandomGuesser:
    """A random guesser with memory: the weakest student that Agora can teach.

    [ours] The announcement says only that a random guesser ends up learning. Precisely: it
    remembers its training examples and does nothing else. Asked about a point, it answers with
    the class that has most probability among the examples remembered within `memory_radius`; if
    it remembers none there, or the classes tie, it draws among the tied classes uniformly at
    random. Untaught it errs with probability (K-1)/K for K classes. It does not generalise beyond
    the radius, so its error measures how much of the world the training set covers.

    Hyperparameters: `memory_radius` (default 0.35, in units of the inputs).
    """

    def fit(
        self, examples: Examples, setting: Setting, rng: np.random.Generator
    ) -> "RandomGuesserModel":
        """Remember the examples, and fix the seed of the guesses."""
        seed = int(rng.integers(2**32))
        return RandomGuesserModel(examples, setting.get("memory_radius", 0.35), seed)


class RandomGuesserModel:
    """The memory. Guesses are drawn anew for each question, from the same seed."""

    def __init__(self, examples: Examples, memory_radius: float, seed: int) -> None:
        self._tree = cKDTree(examples.inputs)
        self._soft = examples.probabilities
        self._radius = memory_radius
        self._seed = seed

    def predict(self, inputs: Inputs) -> IntArray:
        """Shape (n,): remembered where there is something to remember, else guessed."""
        if not len(inputs):
            return np.empty(0, dtype=np.int64)
        is_near = cKDTree(inputs).sparse_distance_matrix(
            self._tree, self._radius, output_type="coo_matrix"
        )
        is_near.data[:] = 1.0
        # Rounded, or sums that differ in the last digit would not tie.
        votes = np.round(np.asarray(is_near @ self._soft), 9)
        is_tied = votes == votes.max(axis=1, keepdims=True)
        lots = np.random.default_rng(self._seed).uniform(size=votes.shape)
        return most_probable(np.where(is_tied, lots, -1.0))
