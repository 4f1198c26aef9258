"""The student: a small network, trained from scratch in every round."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.agora.loop import Examples, Hyperparameters, Inputs
from bort.agora.loop.values import FloatArray, IntArray, most_probable
from bort.agora.text.spaces import NetworkSpace
from bort.agora.text.tokens import TextTokens
from bort.core.errors import TrainingDivergedError
from bort.core.study import LARGEST_SEED
from bort.training.attempts import LEARNED, attempts, constant_loss, final_loss
from bort.training.execution import ShouldStop, pause_unless, stoppable, training_threads
from bort.training.loop import Examples as TrainingExamples
from bort.training.loop import TrainingSettings, predict, train
from bort.training.teacher import softmax

Build = Callable[[int], Any]
"""Takes a seed; returns a sequence classifier with its initial weights, on its device."""


@dataclass(frozen=True, kw_only=True)
class TextStudent:
    """Trains classifiers of one architecture.

    Hyperparameters: `learning_rate`.

    Attributes:
        learning_rate: the rate for hyperparameter sets that have none.
        steps: optimiser steps per training.
        threads: CPU threads for training and prediction.
        should_stop: called at every step; if it returns true, `TrainingStoppedError` is raised.
    """

    build: Build
    tokens: TextTokens
    learning_rate: float
    steps: int
    batch_size: int
    threads: int
    should_stop: ShouldStop | None = None

    def fit(
        self, examples: Examples, hyperparameters: Hyperparameters, rng: np.random.Generator
    ) -> "TextModel":
        """Train on the examples' probabilities.

        A training that ends no better than a constant answer, or with a loss that is not finite,
        is repeated with a lower learning rate. If none does better, keep the one with the lowest
        loss.

        Raises:
            TrainingDivergedError: no attempt ended with a finite loss.
            TrainingStoppedError: `should_stop` returned true.
        """
        seed = int(rng.integers(LARGEST_SEED))
        material = TrainingExamples(
            self.tokens(examples.inputs),
            examples.probabilities.astype(np.float32),
            self.tokens.padding,
        )
        enough = LEARNED * constant_loss(material.targets)
        best, lowest = None, math.inf
        with training_threads(self.threads):
            rate = hyperparameters.get("learning_rate", self.learning_rate)
            for attempt in attempts(rate, seed):
                model, loss = self._train(material, attempt.learning_rate, attempt.seed)
                if loss < lowest:  # never true of NaN
                    best, lowest = model, loss
                if lowest <= enough:
                    break
        if best is None:
            raise TrainingDivergedError(
                "the student's loss was not finite at any learning rate; try a lower one, or "
                "fewer layers"
            )
        return TextModel(best, self.tokens, self.threads, self.should_stop)

    def _train(
        self, material: TrainingExamples, learning_rate: float, seed: int
    ) -> tuple[Any, float]:
        """Return the trained model and its final loss; NaN if a loss was not finite."""
        model = self.build(seed)
        settings = TrainingSettings(
            steps=self.steps, batch_size=self.batch_size, learning_rate=learning_rate, seed=seed
        )
        steps = train(model, material, settings, pause=pause_unless(self.should_stop))
        losses = [step.loss for step in stoppable(steps, self.should_stop)]
        return model.eval(), final_loss(losses)


@dataclass(frozen=True)
class TextModel:
    """A trained student.

    Attributes:
        classifier: a `transformers` sequence classifier.
        should_stop: called before each batch.
    """

    classifier: Any
    tokens: TextTokens
    threads: int
    should_stop: ShouldStop | None = None

    def predict(self, inputs: Inputs) -> IntArray:
        """Predict the most probable class of each text, shape (n,)."""
        return most_probable(self.predict_probabilities(inputs))

    def predict_probabilities(self, inputs: Inputs) -> FloatArray:
        """Predict each class's probability, shape (n, classes)."""
        if not len(inputs):
            return np.empty((0, self.classifier.config.num_labels))
        with training_threads(self.threads):
            logits: NDArray[np.float32] = predict(
                self.classifier,
                self.tokens(inputs),
                padding=self.tokens.padding,
                pause=pause_unless(self.should_stop),
            )
        return softmax(logits).astype(np.float64)

    def represent(self, inputs: Inputs) -> FloatArray:
        """Return its own sentence vectors, shape (n, hidden), unit length. BERT only."""
        pause = pause_unless(self.should_stop)
        return NetworkSpace(self.classifier.bert, self.tokens, self.threads, pause)(inputs)
