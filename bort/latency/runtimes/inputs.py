"""What one forward pass reads: random content, in the shape that the model and workload ask for."""

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.latency.workload import Candidate, Workload

Inputs = dict[str, NDArray[Any]]


def model_inputs(model: Any, candidate: Candidate, workload: Workload) -> Inputs:
    """Arguments of the model's `forward` by name: tokens, images, or plain vectors.

    No padding: every token counts, as it does in a batch of texts of equal length. Which tokens
    or pixels they are does not matter to the time, so they are the same in every run.
    """
    accepted = inspect.signature(model.forward).parameters
    rng = np.random.default_rng(0)
    if "input_ids" in accepted:
        tokens = _tokens(candidate, workload, rng)
        return {name: array for name, array in tokens.items() if name in accepted}
    if "pixel_values" in accepted:
        size, channels = model.config.image_size, model.config.num_channels
        height, width = (size, size) if isinstance(size, int) else size
        shape: tuple[int, ...] = (workload.batch_size, channels, height, width)
        return {"pixel_values": rng.standard_normal(shape, dtype=np.float32)}
    width = next(iter(model.parameters())).shape[1]
    shape = (workload.batch_size, width)
    return {next(iter(accepted)): rng.standard_normal(shape, dtype=np.float32)}


def _tokens(candidate: Candidate, workload: Workload, rng: np.random.Generator) -> Inputs:
    """What a BERT tokenizer returns, each of shape (batch_size, sequence_length)."""
    shape = (workload.batch_size, workload.sequence_length)
    vocabulary = {**candidate.family.defaults, **candidate.fixed}["vocabulary"]
    return {
        "input_ids": rng.integers(0, vocabulary, size=shape),
        "attention_mask": np.ones(shape, dtype=np.int64),
        "token_type_ids": np.zeros(shape, dtype=np.int64),
    }
