"""From text to label: the tokenizer, padding, a network of another runtime, softmax.

The network reads tokens that were made before, as many as the tokenizer makes of these texts: which
tokens they are does not change its time. So any runtime can be timed in this way.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.latency.protocol import Run
from bort.latency.workload import Blueprint, Runtime, Text, TextWork, Workload, parts_of


class TextRuntime:
    """Implements `bort.latency.workload.Runtime` around another runtime.

    Networks with a vocabulary that has no tokenizer, such as reference models, are timed alone.
    """

    def __init__(self, inner: Runtime, texts: TextWork, threads: int) -> None:
        self._inner, self._texts, self._threads = inner, texts, threads

    def prepare(self, blueprint: Blueprint) -> Run:
        """Build the network; see `Runtime.prepare`."""
        network = self._inner.prepare(blueprint)
        tokenizer = self._texts.tokenizers.get(blueprint.vocabulary)
        if tokenizer is None:
            return network

        def run() -> object:
            read = [_padded(tokenizer, batch, self._threads) for batch in self._texts.batches]
            outputs: Any = network()
            return read, [_shares(output) for output in outputs]

        return run

    def close(self) -> None:
        """Close the other runtime."""
        self._inner.close()


def opening_texts(
    texts: TextWork, open_runtime: Callable[[str, Workload], Runtime]
) -> Callable[[str, Workload], Runtime]:
    """Make a function that opens runtimes which read `texts` first."""
    return lambda name, workload: TextRuntime(open_runtime(name, workload), texts, workload.threads)


def _padded(tokenizer: Any, batch: Sequence[Text], threads: int) -> NDArray[np.int64]:
    """Tokenize texts and pad them to the longest: ids and mask, shape (2, b, s)."""
    if threads == 1:  # a batch would be read by all cores
        read = [tokenizer.encode(*parts_of(text)).ids for text in batch]
    else:
        read = [encoding.ids for encoding in tokenizer.encode_batch(list(batch))]
    found = np.zeros((2, len(read), max(map(len, read))), dtype=np.int64)
    for row, ids in enumerate(read):
        found[0, row, : len(ids)], found[1, row, : len(ids)] = ids, 1
    return found


def _shares(output: Any) -> NDArray[np.float32]:
    """Compute the probabilities of an output of any runtime, shape (b, classes)."""
    logits = output.logits.float().numpy() if hasattr(output, "logits") else output[0]
    grown = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: NDArray[np.float32] = grown / grown.sum(axis=-1, keepdims=True)
    return shares
