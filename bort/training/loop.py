"""The one training path: examples and settings in, steps out; whoever listens decides.

    for step in train(model, examples, settings):
        report(step.loss)

The model is trained in place. Ceasing to listen stops the training; what was done stays.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from bort.core.machine.locks import wait_while_measuring
from bort.training.batches import evaluation_batches, training_batches
from bort.training.forward import Forward, best_dtype, forward_of
from bort.training.optimiser import adamw
from bort.training.tokens import Tokens

EVALUATION_TOKENS = 2048  # padded tokens per batch: as quick as larger ones, and stays in cache


@dataclass(frozen=True)
class Examples:
    """What to learn: texts, and for each the probability of every class.

    Attributes:
        tokens: n texts.
        targets: shape (n, classes), rows sum to 1; hard labels are rows of 0 and 1. Shape (n, 0)
            for an objective that finds its own.
        padding: token id that fills up a batch.
    """

    tokens: Tokens
    targets: NDArray[np.float32]
    padding: int


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How to learn.

    Attributes:
        steps: optimiser steps.
        batch_size: examples per step.
        learning_rate: at its highest.
        warmup: share of the steps in which the learning rate rises.
        schedule: after that it falls to 0 along a line, or stays.
        weight_decay: of matrices; biases and norms have none.
        seed: decides the order of the examples.
    """

    steps: int
    batch_size: int
    learning_rate: float
    warmup: float = 0.1
    schedule: Literal["linear", "constant"] = "linear"
    weight_decay: float = 0.01
    seed: int = 0

    def learning_rate_at(self, step: int) -> float:
        """Learning rate of step 0, 1, ..., steps-1."""
        warm = max(1, round(self.warmup * self.steps))
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * (self.steps - step) / max(1, self.steps - warm)


class TrainingStep(NamedTuple):
    """One optimiser step, just taken: its number from 1, of how many, the mean loss of its batch,
    and the examples it saw."""

    step: int
    steps: int
    loss: float
    examples: int


class TrainingBatch(NamedTuple):
    """What a step learns from, on the model's device: token ids (b, s), lengths (b,), tokens of
    the first segment (b,), and the probability of every class (b, classes)."""

    ids: torch.Tensor
    lengths: torch.Tensor
    first: torch.Tensor
    targets: torch.Tensor


Objective = Callable[[TrainingBatch], torch.Tensor]
"""The loss of a batch, to be minimised."""


def cross_entropy(forward: Forward) -> Objective:
    """Cross-entropy of the logits that `forward` computes with the targets."""

    def objective(batch: TrainingBatch) -> torch.Tensor:
        return F.cross_entropy(forward(batch.ids, batch.lengths, batch.first), batch.targets)

    return objective


def train(
    model: Any,
    examples: Examples,
    settings: TrainingSettings,
    *,
    forward: Forward | None = None,
    objective: Objective | None = None,
    optimiser: torch.optim.Optimizer | None = None,
    done: int = 0,
    pause: Callable[[], Any] = wait_while_measuring,
) -> Iterator[TrainingStep]:
    """Train `model` in place, one yielded step at a time.

    Args:
        model: a `transformers` sequence classifier, on its device.
        examples: token ids within the model's vocabulary.
        settings: the same settings and threads give the same weights, to the last bit.
        forward: another way to compute logits; None is the quickest.
        objective: what to minimise; None is the cross-entropy of the logits.
        optimiser: of the model's weights, for who wants to keep its state; None is a fresh one.
        done: steps that model and optimiser have behind them. They go on as if never stopped.
        pause: called before each step; returns when training may go on.
    """
    device = next(model.parameters()).device
    objective = objective or cross_entropy(forward or forward_of(model, dtype=best_dtype(device)))
    optimiser = optimiser or adamw(
        model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
    )
    rng = np.random.default_rng(settings.seed)
    batches = training_batches(examples.tokens.lengths, settings.batch_size, rng)
    for step, rows in enumerate(islice(batches, done, settings.steps), start=done):
        pause()
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate_at(step)
        inputs = _inputs(examples.tokens, rows, examples.padding, device)
        targets = torch.from_numpy(examples.targets[rows]).to(device)
        loss = objective(TrainingBatch(*inputs, targets))
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        yield TrainingStep(step + 1, settings.steps, float(loss.detach()), len(rows))


def predict(
    model: Any,
    tokens: Tokens,
    *,
    padding: int,
    forward: Forward | None = None,
    pause: Callable[[], Any] = wait_while_measuring,
) -> NDArray[np.float32]:
    """Logits of every text, in order, shape (n, classes); weights are left alone."""
    device = next(model.parameters()).device
    forward = forward or forward_of(model, dtype=best_dtype(device))
    found: list[NDArray[np.float32]] = []
    order: list[NDArray[np.int64]] = []
    with torch.inference_mode():
        for rows in evaluation_batches(tokens.lengths, EVALUATION_TOKENS):
            pause()
            found.append(forward(*_inputs(tokens, rows, padding, device)).cpu().numpy())
            order.append(rows)
    back = np.argsort(np.concatenate(order), kind="stable")
    return np.concatenate(found)[back]


def _inputs(
    tokens: Tokens, rows: NDArray[np.int64], padding: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, lengths and first-segment lengths of a batch, on the device."""
    ids = torch.from_numpy(tokens.padded(rows, padding=padding))
    lengths = torch.from_numpy(tokens.lengths[rows])
    first = torch.from_numpy(tokens.first[rows].astype(np.int64))
    return ids.to(device), lengths.to(device), first.to(device)
