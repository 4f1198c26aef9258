"""Tokenised tasks: truncated, cached, and renumbered to the tokens that occur in the task."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bort.core.errors import InvalidModelError
from bort.core.files import load_arrays, read_json, save_arrays
from bort.core.paths import cache
from bort.core.progress import OnStep, ignore
from bort.core.study import TaskSpec
from bort.latency.workload import TextLengths
from bort.training.limits import read_limits
from bort.training.pieces import pruned

if TYPE_CHECKING:
    from bort.tasks import Task

LENGTH_PERCENTILE = 95
FORMAT = 1  # part of the cache key; raise it when the arrays change
SPLITS = ("train", "dev", "audit", "pool")


@dataclass(frozen=True)
class Tokens:
    """Texts of different lengths, stored end to end.

    Attributes:
        flat: token ids of all texts, shape (sum of lengths,).
        starts: where each text begins, and where the last one ends, shape (n + 1,).
        first: how many tokens of each text belong to its first segment, shape (n,); the rest are
            the second text of a pair.
    """

    flat: NDArray[np.int32]
    starts: NDArray[np.int64]
    first: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per text, shape (n,)."""
        return np.diff(self.starts)

    def padded(self, rows: NDArray[np.int64], *, padding: int) -> NDArray[np.int64]:
        """Return the token ids of `rows`, padded with `padding`, shape (len(rows), longest)."""
        lengths = self.lengths[rows]
        steps = np.arange(int(lengths.max()))
        places = np.minimum(self.starts[rows][:, None] + steps, len(self.flat) - 1)
        return np.where(steps < lengths[:, None], self.flat[places], padding).astype(np.int64)

    def select(self, rows: NDArray[np.int64]) -> "Tokens":
        """Return the texts of these rows, in this order."""
        lengths = self.lengths[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        offsets = np.repeat(self.starts[rows] - starts[:-1], lengths)
        return Tokens(self.flat[np.arange(starts[-1]) + offsets], starts, self.first[rows])

    def joined(self, other: "Tokens") -> "Tokens":
        """Append the texts of `other`."""
        return Tokens(
            np.concatenate([self.flat, other.flat]),
            np.concatenate([self.starts, self.starts[-1] + other.starts[1:]]),
            np.concatenate([self.first, other.first]),
        )


@dataclass(frozen=True)
class EncodedTask:
    """All texts of a task in its own small vocabulary.

    A token's number is its place in `kept`. By default the vocabulary covers the texts of all
    splits, so no split contains an unknown token; it does not depend on labels. A vocabulary of a
    chosen size (see `bort.training.pieces`) splits words into its own pieces.

    Attributes:
        kept: ids in the full vocabulary, ascending, shape (v,).
        vocabulary: size of the full vocabulary.
        padding: number of the padding token, a place in `kept`.
        max_length: most tokens per text, special tokens included.
        splits: by name: train, dev, audit and, if there is one, pool.
        pieces: ids of a chosen vocabulary, ascending, of which `kept` is a part; None if it is the
            full one.
    """

    kept: NDArray[np.int64]
    vocabulary: int
    padding: int
    max_length: int
    splits: dict[str, Tokens]
    pieces: NDArray[np.int64] | None = None

    @property
    def all_texts(self) -> Tokens:
        """The training texts, then the unlabelled ones if there are any."""
        train = self.splits["train"]
        return train.joined(self.splits["pool"]) if "pool" in self.splits else train

    @property
    def places(self) -> NDArray[np.int64]:
        """Where each of `kept` stands in the chosen vocabulary or the full one, shape (v,)."""
        return self.kept if self.pieces is None else np.searchsorted(self.pieces, self.kept)


def encode_task(
    task: "Task",
    folder: Path,
    *,
    digest: str,
    max_length: int | None,
    longest: int,
    pieces: NDArray[np.int64] | None = None,
    only_used: bool = False,
) -> EncodedTask:
    """Tokenise every split of `task` with the tokenizer in `folder`, or read it from the cache.

    Args:
        digest: identifies the model in `folder`; part of the cache key.
        max_length: most tokens per text; None uses the training texts' 95th percentile.
        longest: the most tokens that the model can read.
        pieces: ids of the only pieces to use, ascending; None uses all of the tokenizer's.
        only_used: keep those of `pieces` that occur in the task, as without `pieces`, not all.
    Raises:
        InvalidModelError: there is no usable tokenizer, or `max_length` exceeds `longest`.
    """
    if max_length is not None and not 4 <= max_length <= longest:
        raise InvalidModelError(
            f"max length {max_length} is not between 4 and the model's {longest}; choose a length "
            "in that range"
        )
    parts = [FORMAT, task.digest, digest, max_length, longest]
    if pieces is not None:
        parts.append(hashlib.sha256(pieces.tobytes()).hexdigest())
        parts += ["only used"] * only_used
    limits = read_limits(read_json(folder / "config.json") or {})
    origin = limits.padding if limits.counts_positions_from_padding else None
    if origin is not None:
        parts.append(origin)
    key = json.dumps(parts)
    path = cache() / "tokens" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
    arrays = load_arrays(path)
    if arrays is None:
        tokenizer = load_tokenizer(folder)
        arrays = _encode(
            task,
            tokenizer,
            pieces,
            origin,
            max_length=max_length,
            longest=longest,
            only_used=only_used,
        )
        save_arrays(path, arrays)
    return replace(_from_arrays(arrays), pieces=pieces)


def _encode(
    task: "Task",
    full: Any,
    pieces: NDArray[np.int64] | None,
    origin: int | None,
    *,
    max_length: int | None,
    longest: int,
    only_used: bool,
) -> dict[str, NDArray[Any]]:
    tokenizer = full if pieces is None else pruned(full, pieces)
    limit = max_length or usual_length(tokenizer, task.train, longest)
    tokenizer.enable_truncation(limit)
    encoded = {name: _tokens(tokenizer, split) for name in SPLITS if (split := getattr(task, name))}
    specials = [full.token_to_id(t) for t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    if origin is not None:  # positions count from the padding id, so it must keep its number
        specials = [origin, *range(origin)]
    ids = {name: t.flat if pieces is None else pieces[t.flat] for name, t in encoded.items()}
    kept = np.unique(np.concatenate([*ids.values(), [i for i in specials if i is not None]]))
    if pieces is not None:
        kept = np.intersect1d(kept, pieces) if only_used else pieces
    padding = specials[0]
    if padding is None:  # GPT-2 has none: take a token that no text uses, if there is one
        unused = np.setdiff1d(np.arange(full.get_vocab_size()), kept)[:1]
        kept = np.union1d(kept, unused)
        padding = int([*unused, *kept][0])
    arrays: dict[str, NDArray[Any]] = {
        "kept": kept.astype(np.int64),
        "numbers": np.array(
            [full.get_vocab_size(), np.searchsorted(kept, padding), limit], dtype=np.int64
        ),
    }
    for name, tokens in encoded.items():
        arrays[f"{name}.flat"] = np.searchsorted(kept, ids[name]).astype(np.int32)
        arrays[f"{name}.starts"] = tokens.starts
        arrays[f"{name}.first"] = tokens.first
    return arrays


def _from_arrays(arrays: dict[str, NDArray[Any]]) -> EncodedTask:
    splits = {
        name: Tokens(arrays[f"{name}.flat"], arrays[f"{name}.starts"], arrays[f"{name}.first"])
        for name in SPLITS
        if f"{name}.flat" in arrays
    }
    vocabulary, padding, limit = (int(n) for n in arrays["numbers"])
    return EncodedTask(arrays["kept"], vocabulary, padding, limit, splits)


def load_tokenizer(folder: Path) -> Any:
    """Load the `tokenizers.Tokenizer` in `folder`, without padding or truncation.

    Raises:
        InvalidModelError: the folder has no tokenizer that can be read without running code.
    """
    from tokenizers import Tokenizer
    from tokenizers.implementations.bert_wordpiece import BertWordPieceTokenizer

    full, words = folder / "tokenizer.json", folder / "vocab.txt"
    try:
        if full.is_file():
            tokenizer = Tokenizer.from_file(str(full))
        elif words.is_file():
            tokenizer = BertWordPieceTokenizer(str(words), lowercase=_lowercase(folder))._tokenizer
        else:
            raise InvalidModelError(
                f"{folder.name} has no tokenizer.json or vocab.txt; save its tokenizer there"
            )
    except InvalidModelError:
        raise
    except Exception as error:
        raise InvalidModelError(
            f"the tokenizer of {folder.name} cannot be read ({error}); save it again"
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _lowercase(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return True
    return bool(json.loads(path.read_text(encoding="utf-8")).get("do_lower_case", True))


def _inputs(split: Any) -> Sequence[Any]:
    return list(zip(split.texts, split.pairs, strict=True)) if split.pairs else list(split.texts)


def usual_length(tokenizer: Any, split: Any, longest: int) -> int:
    """Return where texts are cut by default: the 95th percentile of a split's lengths."""
    lengths = [len(e.ids) for e in tokenizer.encode_batch(_inputs(split))]
    return int(np.clip(np.ceil(np.percentile(lengths, LENGTH_PERCENTILE)), 8, longest))


def _tokens(tokenizer: Any, split: Any) -> Tokens:
    encodings = tokenizer.encode_batch(_inputs(split))
    ids = [e.ids for e in encodings]
    starts = np.concatenate([[0], np.cumsum([len(i) for i in ids])]).astype(np.int64)
    first = np.array([len(e.ids) - sum(e.type_ids) for e in encodings], dtype=np.int32)
    flat = np.fromiter((t for i in ids for t in i), dtype=np.int32, count=int(starts[-1]))
    return Tokens(flat, starts, first)


def unknown_share(encoded: EncodedTask, folder: Path) -> float:
    """Compute the share of unknown tokens in all splits, special tokens aside.

    Args:
        folder: the folder with the tokenizer.
    """
    tokenizer = load_tokenizer(folder)
    ids = encoded.kept[np.concatenate([tokens.flat for tokens in encoded.splits.values()])]
    texts = ids[~np.isin(ids, _ids(tokenizer, "[CLS]", "[SEP]", "[PAD]"))]
    return float(np.isin(texts, _ids(tokenizer, "[UNK]")).mean()) if len(texts) else 0.0


def _ids(tokenizer: Any, *names: str) -> list[int]:
    return [number for name in names if (number := tokenizer.token_to_id(name)) is not None]


def text_lengths(spec: TaskSpec, *, on_step: OnStep = ignore) -> TextLengths:
    """Count the tokens of a task's training texts, as the models of a search see them.

    Texts are cut where a search cuts them by default, at the 95th percentile.

    Raises: the errors of `bort.tasks.load_task` and `bort.training.source.source_network`.
    Cost: tokenises a task's texts once; a few seconds for 10,000 texts.
    """
    from bort.tasks import load_task
    from bort.training.source import source_network

    task = load_task(spec, on_step=on_step)
    source = source_network()
    encoded = encode_task(
        task,
        source.folder,
        digest=source.digest,
        max_length=None,
        longest=int(source.config["max_position_embeddings"]),
    )
    return TextLengths(task.name, encoded.splits["train"].lengths.tolist())
