"""Distillation: the student imitates its teacher's inner states, not only its answers.

The loss compares three things: the residual stream after each layer with the teacher's, at every
token, projected as the student inherited it; each head's attention with the mean over the teacher's
heads that it replaces; and the answers. Layers and heads are matched as in inheritance. Where the
two split words into different pieces, the stream is compared word by word, as the mean over a
word's pieces, and attention is left out.

Source: hidden states and attention as in TinyBERT (Jiao et al. 2020). The fixed projection on
principal axes, instead of a learned map, and the groups of heads are our own.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from bort.training.forward import BertStates, bert_states
from bort.training.inheritance import head_choice, layer_choice
from bort.training.loop import Objective, TrainingBatch
from bort.training.words import Pick, WordMatch


@dataclass(frozen=True, kw_only=True)
class DistillationWeights:
    """The weight of each part of the loss; 0 leaves it out."""

    stream: float = 1.0
    attention: float = 0.5
    answers: float = 1.0


def distillation(
    student: Any,
    teacher: Any,
    projection: Tensor,
    *,
    weights: DistillationWeights,
    dtype: torch.dtype,
    temperature: float | None = None,
    match: WordMatch | None = None,
) -> Objective:
    """Make the objective that distils `teacher` into `student`.

    Args:
        student: a `BertForSequenceClassification` to train.
        teacher: another one, over the same tokens unless there is a `match`; its weights do not
            change.
        projection: shape (teacher's hidden, student's hidden), orthonormal columns.
        weights: how much each part of the loss counts.
        dtype: the precision of the matrix products.
        temperature: learn the teacher's answers to the batch, softened by this temperature; None
            learns the batch's targets.
        match: finds the same words where the tokens differ.
    Cost: one forward pass of the teacher on top of the student's step.
    """
    layers = layer_choice(len(student.bert.encoder.layer), len(teacher.bert.encoder.layer))
    heads = student.config.num_attention_heads
    groups = head_groups(heads, teacher.config.num_attention_heads)
    down = projection.to(next(teacher.parameters()).device)

    def objective(batch: TrainingBatch) -> Tensor:
        inputs = (batch.ids, batch.lengths, batch.first)
        read = inputs if match is None else match.read(batch)
        with torch.no_grad():
            wanted = bert_states(teacher, *read, dtype=dtype)
        found = bert_states(student, *inputs, dtype=dtype)
        is_token = (
            torch.arange(batch.ids.shape[1], device=batch.ids.device) < (batch.lengths[:, None])
        )
        picks = _tokens(is_token) if match is None else match.picks(batch, read)
        loss = found.logits.new_zeros(())
        if weights.answers:
            targets = batch.targets
            if temperature is not None:
                targets = (wanted.logits / temperature).softmax(-1)
            loss = loss + weights.answers * F.cross_entropy(found.logits, targets)
        if weights.stream:
            loss = loss + weights.stream * _stream_loss(found, wanted, layers, down, picks)
        if weights.attention and match is None:
            loss = loss + weights.attention * _attention_loss(
                found, wanted, layers, groups, is_token
            )
        return loss

    return objective


def head_groups(heads: int, teacher_heads: int) -> Tensor:
    """Assign the teacher's heads to each head, shape (heads, teacher_heads), rows sum to 1.

    Examples:
        >>> head_groups(1, 2)
        tensor([[0.5000, 0.5000]])
    """
    groups = torch.zeros(heads, teacher_heads)
    for row, (sources, _) in zip(groups, head_choice(heads, teacher_heads), strict=True):
        row[sources] = 1 / len(sources)
    return groups


def _tokens(is_token: Tensor) -> tuple[Pick, Pick]:
    def pick(states: Tensor) -> Tensor:
        return states[is_token].float()

    return pick, pick


def _stream_loss(
    found: BertStates,
    wanted: BertStates,
    layers: list[int],
    down: Tensor,
    picks: tuple[Pick, Pick],
) -> Tensor:
    """Compute the mean over layers of the squared distance, relative to the target's mean
    square.
    """
    losses = []
    for own, number in zip(found.streams, layers, strict=True):
        target = picks[1](wanted.streams[number]) @ down
        losses.append(F.mse_loss(picks[0](own), target) / target.square().mean())
    return torch.stack(losses).mean()


def _attention_loss(
    found: BertStates,
    wanted: BertStates,
    layers: list[int],
    groups: Tensor,
    is_token: Tensor,
) -> Tensor:
    """Compute the mean Kullback-Leibler divergence over layers, heads and positions."""
    losses = []
    for own, number in zip(found.attentions, layers, strict=True):
        theirs = wanted.attentions[number].float()
        target = torch.einsum("gh,bhqs->bgqs", groups.to(theirs), theirs)
        gap = torch.xlogy(target, target) - target * own.float().clamp(min=1e-9).log()
        losses.append(gap.sum(-1).transpose(1, 2)[is_token].mean())
    return torch.stack(losses).mean()
