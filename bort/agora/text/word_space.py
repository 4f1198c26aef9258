"""Where "near" is measured without a network: means of a text's word vectors.

No layer is computed, so ten thousand edits have their vectors in a second. What such a vector does
not know is the order of words, and what they mean beside each other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bort.agora.loop.values import Inputs
from bort.agora.text.tokens import TextTokens

COMMON = 1e-3  # Arora, Liang and Ma (2017): a word of this frequency has half of the weight

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class WordSpace:
    """Weighted means of rows of an embedding table; a text's vector depends on nothing else.

    Attributes:
        rows: shape (tokens, d), each row times its weight.
        tokens: reads texts.
    """

    rows: Float32Array
    tokens: TextTokens

    @classmethod
    def fitted(cls, table: Float32Array, tokens: TextTokens, texts: Inputs) -> "WordSpace":
        """With frequent words weighted down, and without what all words have in common.

        Args:
            table: shape (tokens, d), in the numbering of `tokens`.
            texts: whose words are counted, at least one.
        Source: S. Arora, Y. Liang, T. Ma (2017), *A simple but tough-to-beat baseline for sentence
            embeddings*, ICLR; there a text's common component is removed, here the words' mean.
        """
        flat = tokens(texts).flat
        shares = np.bincount(flat, minlength=len(table)) / len(flat)
        weights = COMMON / (COMMON + shares)
        rows = weights[:, None] * (table - shares @ table)
        return cls(rows.astype(np.float32), tokens)

    def vectors(self, inputs: Inputs) -> Float32Array:
        """Shape (n, d), unit length."""
        tokens = self.tokens(inputs)
        if not len(tokens):
            return np.zeros((0, self.rows.shape[1]), dtype=np.float32)
        sums = np.add.reduceat(self.rows[tokens.flat], tokens.starts[:-1], axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        found: Float32Array = sums / np.maximum(lengths, 1e-12)
        return found
