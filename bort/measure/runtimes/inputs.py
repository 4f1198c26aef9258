"""What one forward pass reads: tokens drawn at random, as many as the workload says."""

import numpy as np
from numpy.typing import NDArray

from bort.measure.workload import Candidate, Workload


def token_inputs(candidate: Candidate, workload: Workload) -> dict[str, NDArray[np.int64]]:
    """The arrays a BERT tokenizer returns, each of shape (batch_size, sequence_length).

    No padding: every token counts, as it does in a batch of texts of equal length. Which tokens
    they are does not matter to the time, so they are the same in every run.
    """
    shape = (workload.batch_size, workload.sequence_length)
    vocabulary = candidate.fixed.get("vocabulary", 30_522)
    return {
        "input_ids": np.random.default_rng(0).integers(0, vocabulary, size=shape),
        "attention_mask": np.ones(shape, dtype=np.int64),
        "token_type_ids": np.zeros(shape, dtype=np.int64),
    }
