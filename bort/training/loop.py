"""The training loop: takes examples and settings, yields steps.

    for step in train(model, examples, settings):
        report(step.loss)

The model is trained in place. Stop iterating to stop the training; finished steps are kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from bort.core.locks import wait_while_measuring
from bort.training.forward import Forward, best_dtype, forward_of
from bort.training.tokens import Tokens

IntArray = NDArray[np.int64]

POOL_BATCHES = 32  # batches sorted together: padding falls to about 1%, batches stay varied
EVALUATION_TOKENS = 2048  # padded tokens per batch: as fast as larger batches, and fits the cache
NO_DECAY = ("bias", "LayerNorm.weight", "LayerNorm.bias")
BETAS = (0.9, 0.999)


@dataclass(frozen=True)
class Examples:
    """Texts, each with a probability for every class.

    Attributes:
        tokens: n texts.
        targets: shape (n, classes), rows sum to 1; hard labels are rows of 0 and 1. Shape (n, 0)
            if the objective computes its own targets.
        padding: id of the padding token.
    """

    tokens: Tokens
    targets: NDArray[np.float32]
    padding: int


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """The hyperparameters of one training.

    Attributes:
        steps: optimiser steps.
        learning_rate: the peak learning rate.
        warmup: share of the steps during which the learning rate rises.
        schedule: after the warmup the learning rate falls linearly to 0, or stays constant.
        weight_decay: applies to matrices, not to biases and norms.
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
        """Compute the learning rate of step 0, 1, ..., steps-1."""
        warm = max(1, round(self.warmup * self.steps))
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * (self.steps - step) / max(1, self.steps - warm)


class TrainingStep(NamedTuple):
    """A finished optimiser step: its number from 1, how many there will be, the mean loss of its
    batch, and how many examples it saw."""

    step: int
    steps: int
    loss: float
    examples: int


class TrainingBatch(NamedTuple):
    """The input of one step, on the model's device: token ids (b, s), lengths (b,), tokens in the
    first segment (b,), class probabilities (b, classes), and the examples' row numbers (b,)."""

    ids: torch.Tensor
    lengths: torch.Tensor
    first: torch.Tensor
    targets: torch.Tensor
    rows: IntArray


Objective = Callable[[TrainingBatch], torch.Tensor]
"""Computes the loss of a batch, which the training minimises."""

Batches = Callable[[NDArray[Any], int, np.random.Generator], Iterator[IntArray]]
"""(tokens per row, batch size, random generator) -> the rows of each step, without end."""


def cross_entropy(forward: Forward) -> Objective:
    """Compute the cross-entropy between the targets and the logits from `forward`."""

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
    batches: Batches | None = None,
    done: int = 0,
    pause: Callable[[], Any] = wait_while_measuring,
) -> Iterator[TrainingStep]:
    """Train `model` in place; yields after every step.

    Args:
        model: a `transformers` sequence classifier, already on its device.
        examples: token ids within the model's vocabulary.
        settings: the same settings and number of threads give the same weights, to the last bit.
        forward: how to compute logits; None picks the fastest way.
        objective: what to minimise; None is the cross-entropy of the logits.
        optimiser: pass one to keep its state; None makes a new one.
        batches: chooses the rows of each step; None is `training_batches`.
        done: steps that the model and the optimiser have already taken. Training continues
            exactly as if it had never stopped.
        pause: called before each step; returns when training may continue.
    """
    device = next(model.parameters()).device
    objective = objective or cross_entropy(forward or forward_of(model, dtype=best_dtype(device)))
    optimiser = optimiser or adamw(
        model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
    )
    rng = np.random.default_rng(settings.seed)
    rows_of = (batches or training_batches)(examples.tokens.lengths, settings.batch_size, rng)
    for step, rows in enumerate(islice(rows_of, done, settings.steps), start=done):
        pause()
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate_at(step)
        inputs = inputs_of(examples.tokens, rows, examples.padding, device)
        targets = torch.from_numpy(examples.targets[rows]).to(device)
        loss = objective(TrainingBatch(*inputs, targets, rows))
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
    on_rows: Callable[[NDArray[np.int64]], object] = len,
) -> NDArray[np.float32]:
    """Compute the logits of every text, in order, shape (n, classes). Does not change the
    weights.

    Args:
        on_rows: called with the row numbers of each batch that is done.
    """
    device = next(model.parameters()).device
    forward = forward or forward_of(model, dtype=best_dtype(device))
    found: list[NDArray[np.float32]] = []
    order: list[NDArray[np.int64]] = []
    with torch.inference_mode():
        for rows in evaluation_batches(tokens.lengths, EVALUATION_TOKENS):
            pause()
            found.append(forward(*inputs_of(tokens, rows, padding, device)).cpu().numpy())
            order.append(rows)
            on_rows(rows)
    back = np.argsort(np.concatenate(order), kind="stable")
    return np.concatenate(found)[back]


def inputs_of(
    tokens: Tokens, rows: NDArray[np.int64], padding: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Put a batch's token ids, lengths and first-segment lengths on the device."""
    ids = torch.from_numpy(tokens.padded(rows, padding=padding))
    lengths = torch.from_numpy(tokens.lengths[rows])
    first = torch.from_numpy(tokens.first[rows].astype(np.int64))
    return ids.to(device), lengths.to(device), first.to(device)


def training_batches(
    lengths: NDArray[Any], batch_size: int, rng: np.random.Generator
) -> Iterator[IntArray]:
    """Yield batches of row numbers without end: every row once per pass, in a new random order.

    Each pass is shuffled and cut into pools of `POOL_BATCHES` batches. Rows are sorted by length
    within a pool, so that texts of similar length share a batch, and the batches are shuffled
    again. The last batch of a pass may be smaller.

    Args:
        lengths: tokens per row, shape (n,).
        rng: shuffles the rows and the batches.
    """
    if len(lengths) == 0:
        raise ValueError("there is nothing to train on")
    while True:
        yield from _one_pass(np.asarray(lengths), batch_size, rng)


def _one_pass(lengths: NDArray[Any], batch_size: int, rng: np.random.Generator) -> list[IntArray]:
    order = rng.permutation(len(lengths))
    pool = batch_size * POOL_BATCHES
    batches: list[IntArray] = []
    for start in range(0, len(order), pool):
        rows = order[start : start + pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def evaluation_batches(lengths: NDArray[Any], batch_tokens: int) -> Iterator[IntArray]:
    """Yield every row once, by length; a batch has at most `batch_tokens` padded tokens."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop + 1 - start) * lengths[order[stop]] <= batch_tokens:
            stop += 1
        yield order[start:stop]
        start = stop


def adamw(model: Any, *, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """Make a fused AdamW over all weights of `model` that require gradients.

    This includes the word embeddings: over a task's own tokens (see `vocabulary`) a dense update
    costs no more than a sparse one. Sparse Adam moves a word only when a batch contains it, but its
    momentum should keep moving it; from random weights that cost six points of dev error
    (docs/training.md).
    """
    weights = [(n, w) for n, w in model.named_parameters() if w.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [w for n, w in weights if not n.endswith(NO_DECAY)]},
        {"params": [w for n, w in weights if n.endswith(NO_DECAY)], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=learning_rate, betas=BETAS, weight_decay=weight_decay, fused=True
    )
