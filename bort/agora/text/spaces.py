"""Spaces in which distances are measured: a network's sentence vectors, or means of word vectors.

Vectors have unit length, so distances are between 0 and 2. In the source network's space two random
sentences of a task are about 1.3 apart, nearest neighbours about 0.9.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from bort.agora.loop import Inputs, Value, as_inputs, as_values
from bort.agora.loop.values import FloatArray
from bort.agora.text.tokens import Float32Array, TextTokens
from bort.core.errors import InvalidModelError
from bort.core.files import load_arrays, save_arrays
from bort.core.paths import cache
from bort.training.execution import training_threads
from bort.training.forward import best_dtype, sentence_vectors
from bort.training.loop import EVALUATION_TOKENS, evaluation_batches
from bort.training.source import SourceNetwork
from bort.training.vocabulary import pruned_table

FORMAT = 1  # part of the cache key; raise it when vectors change
USUAL_NEIGHBOUR = 10  # for half of the dev texts, the default radius reaches this neighbour
COMMON = 1e-3  # Arora, Liang and Ma (2017): a word with this frequency gets half the weight


@dataclass(frozen=True, eq=False, slots=True)
class NetworkSpace:
    """The sentence vectors of one `BertModel`.

    Attributes:
        bert: the encoder, on its device, over the vocabulary of `tokens`.
        pause: called before each batch; it may wait, or raise to stop.
    """

    bert: Any
    tokens: TextTokens
    threads: int
    pause: Callable[[], object]

    def __call__(self, inputs: Inputs) -> FloatArray:
        """Return vectors, shape (n, hidden), unit length; the same call gives the same bits."""
        return self.vectors(inputs).astype(np.float64)

    def vectors(self, inputs: Inputs) -> Float32Array:
        """Return the same vectors in single precision. Cost: one forward pass per text."""
        tokens = self.tokens(inputs)
        device = next(self.bert.parameters()).device
        found = np.zeros((len(tokens), self.bert.config.hidden_size), dtype=np.float32)
        with training_threads(self.threads), torch.inference_mode():
            for rows in evaluation_batches(tokens.lengths, EVALUATION_TOKENS):
                self.pause()
                batch = (
                    torch.from_numpy(tokens.padded(rows, padding=self.tokens.padding)),
                    torch.from_numpy(tokens.lengths[rows]),
                    torch.from_numpy(tokens.first[rows].astype(np.int64)),
                )
                on_device = (part.to(device) for part in batch)
                vectors = sentence_vectors(self.bert, *on_device, dtype=best_dtype(device))
                found[rows] = vectors.cpu().numpy()
        return found


@dataclass(frozen=True, eq=False, slots=True)
class WordSpace:
    """Weighted means of rows of an embedding table.

    No network is run, so ten thousand edits get their vectors in a second. Word order and context
    are ignored.

    Attributes:
        rows: shape (tokens, d), each row times its weight.
    """

    rows: Float32Array
    tokens: TextTokens

    @classmethod
    def fitted(cls, table: Float32Array, tokens: TextTokens, texts: Inputs) -> "WordSpace":
        """Give frequent words less weight, and remove the component common to all words.

        Args:
            table: shape (tokens, d), in the numbering of `tokens`.
            texts: the texts whose words are counted, at least one.
        Source: S. Arora, Y. Liang, T. Ma (2017), *A simple but tough-to-beat baseline for sentence
            embeddings*, ICLR. They remove the texts' common component; we remove the words' mean.
        """
        flat = tokens(texts).flat
        shares = np.bincount(flat, minlength=len(table)) / len(flat)
        weights = COMMON / (COMMON + shares)
        rows = weights[:, None] * (table - shares @ table)
        return cls(rows.astype(np.float32), tokens)

    def vectors(self, inputs: Inputs) -> Float32Array:
        """Return vectors, shape (n, d), unit length."""
        tokens = self.tokens(inputs)
        if not len(tokens):
            return np.zeros((0, self.rows.shape[1]), dtype=np.float32)
        sums = np.add.reduceat(self.rows[tokens.flat], tokens.starts[:-1], axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        found: Float32Array = sums / np.maximum(lengths, 1e-12)
        return found


class Space(Protocol):
    """Computes the vectors of texts."""

    def vectors(self, inputs: Inputs) -> Float32Array:
        """Return vectors, shape (n, d), unit length."""
        ...


class RememberedSpace:
    """A space that computes no text twice, and caches the task's own texts in a file.

    What a call computes depends only on its inputs, not on earlier calls. So a resumed run that
    repeats the calls gets the same bits as an uninterrupted one.

    Args:
        fixed: the splits whose vectors are cached on this machine.
        key: everything else that the vectors depend on; it names the file.
    """

    def __init__(self, space: Space, fixed: Iterable[Inputs], key: Iterable[Any]) -> None:
        self._space = space
        values = list(dict.fromkeys(value for part in fixed for value in as_values(part)))
        vectors = self._read(values, list(key))
        self._fixed = dict(zip(values, vectors, strict=True))
        self._seen: dict[Value, Float32Array] = {}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """Return vectors, shape (n, hidden), unit length, and remember them."""
        values = as_values(inputs)
        new = [value for value in dict.fromkeys(values) if value not in self._fixed]
        if any(value not in self._seen for value in new):
            vectors = self._space.vectors(as_inputs(new))
            for value, vector in zip(new, vectors, strict=True):
                self._seen.setdefault(value, vector)
        return self._rows(values, {})

    def peek(self, inputs: Inputs) -> FloatArray:
        """Return the same vectors, but remember nothing, so that later calls do not change."""
        values = as_values(inputs)
        different = dict.fromkeys(values)
        new = [v for v in different if v not in self._fixed and v not in self._seen]
        found = dict(zip(new, self._space.vectors(as_inputs(new)), strict=True)) if new else {}
        return self._rows(values, found)

    def forget(self) -> None:
        """Forget all texts except the fixed ones."""
        self._seen.clear()

    def _rows(self, values: Sequence[Value], new: Mapping[Value, Float32Array]) -> FloatArray:
        sources = (self._fixed, self._seen, new)
        rows = [next(found[v] for found in sources if v in found) for v in values]
        return np.array(rows, dtype=np.float64).reshape(len(rows), -1)

    def _read(self, values: list[Value], key: list[Any]) -> Float32Array:
        name = hashlib.sha256(json.dumps([FORMAT, key, values]).encode()).hexdigest()[:32]
        path = cache() / "vectors" / f"{name}.npz"
        stored = load_arrays(path)
        if stored is not None and len(stored.get("vectors", ())) == len(values):
            found: Float32Array = stored["vectors"]
            return found
        vectors = self._space.vectors(as_inputs(values))
        save_arrays(path, {"vectors": vectors})
        return vectors


def source_encoder(source: SourceNetwork, kept: NDArray[np.int64], device: torch.device) -> Any:
    """Build the source network as a frozen `BertModel` over the tokens `kept`.

    Raises:
        InvalidModelError: weights are missing from its file.
    """
    from transformers import BertConfig, BertModel

    fields = {**source.config, "vocab_size": len(kept)}
    with torch.random.fork_rng(devices=[]):
        build: Any = BertModel
        model = build(BertConfig(**fields), add_pooling_layer=False).eval()
    weights = source.encoder_weights()
    table = "embeddings.word_embeddings.weight"
    weights[table] = pruned_table(weights[table], kept)
    wanted = model.state_dict()
    usable = {name: weight for name, weight in weights.items() if name in wanted}
    if missing := sorted(set(wanted) - set(usable)):
        raise InvalidModelError(f"{source.name} has no weights for {missing[0]}; fetch it again")
    model.load_state_dict(usable)
    return model.requires_grad_(False).to(device)


def usual_radius(dev: FloatArray, others: FloatArray) -> float:
    """Return the dev texts' median distance to their tenth neighbour, rounded up to 0.01.

    Args:
        dev: shape (n, d), unit length.
        others: shape (m, d), unit length: training texts and the pool, m at least 1.
    """
    rank = min(USUAL_NEIGHBOUR, len(others)) - 1
    similar = -np.partition(-(dev @ others.T), rank, axis=1)[:, rank]
    distance = float(np.sqrt(max(0.0, 2 - 2 * np.median(similar))))
    return max(0.01, float(np.ceil(distance * 100) / 100))
