"""The Agora stage: make texts near the dev texts that a student gets wrong, and label them.

This is a short version of a round of Agora [source]: find the dev errors, make synthetic texts near
them by replacing words, let the teacher label them, and keep training. Near-duplicates of audit
texts and copies of dev texts are refused, and every text keeps its provenance. The dev accuracy is
then no longer independent; the audit accuracy still is. `bort agora run` has the whole loop.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.agora.loop import Verdict, as_inputs
from bort.agora.text.data import NearDuplicateGuard
from bort.core.architecture import Architecture
from bort.core.errors import InvalidModelError
from bort.core.files import load_arrays, save_arrays, write_atomically
from bort.finetuning.setup import TaskSetup
from bort.training.loop import Examples, predict
from bort.training.pieces import pruned
from bort.training.probabilities import softmax
from bort.training.teacher import answer_of
from bort.training.tokens import EncodedTask, Tokens, load_tokenizer
from bort.training.unlabelled import Augmentation, synthetic_texts

COPIES = 8  # synthetic texts per dev error
ARRAYS, PROVENANCE = "near-errors.npz", "near-errors.jsonl"


def near_errors(
    setup: TaskSetup,
    architecture: Architecture,
    model: Any,
    folder: Path,
    *,
    seed: tuple[int, int],
    previous: Path | None,
) -> Examples:
    """Make the synthetic texts of this round and earlier ones, with the teacher's answers.

    Args:
        architecture: the student's.
        model: the student at the start of the round.
        folder: the round's folder, where the texts are saved.
        seed: the student's seed and the round's number.
        previous: the previous stage's folder.
    Raises:
        InvalidModelError: the teacher is not the fine-tuned source network, or the task has two
            text columns.
    """
    arrays = load_arrays(folder / ARRAYS)
    if arrays is None:
        arrays = _make(setup, setup.encoded_for(architecture), model, folder, seed=seed)
        earlier = None if previous is None else load_arrays(previous / ARRAYS)
        if earlier is not None:
            arrays = _joined(earlier, arrays)
        save_arrays(folder / ARRAYS, arrays)
    padding = setup.encoded_for(architecture).padding
    return Examples(_tokens(arrays), arrays["targets"], padding)


def check_agora(setup: TaskSetup) -> None:
    """Check that the stage can sample and label texts with this setup.

    Raises:
        InvalidModelError: the teacher is not the fine-tuned source network, or the task has two
            text columns.
    """
    if not setup.teacher.is_source or setup.task.train.pairs is not None:
        raise InvalidModelError(
            "the agora stage needs a study whose teacher is the fine-tuned source network, and a "
            "task with one text column; leave the stage out"
        )


def _make(
    setup: TaskSetup, encoded: EncodedTask, model: Any, folder: Path, *, seed: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    check_agora(setup)
    task = setup.task
    answers = predict(model, encoded.splits["dev"], padding=encoded.padding).argmax(1)
    wrong = np.flatnonzero(answers != task.dev.labels)
    new = synthetic_texts(
        [task.dev.texts[row] for row in wrong],
        setup.oracle.source,
        Augmentation(copies=COPIES, spliced=0.0),
        seed,
        vocabulary=task.train.texts,
    )
    guard = NearDuplicateGuard(as_inputs(task.audit.texts), as_inputs(task.dev.texts))
    reasons = guard(as_inputs(new))
    accepted = [text for text, why in zip(new, reasons, strict=True) if why is None]
    targets = _answers(setup, accepted, _encoded(setup, setup.encoded, accepted))
    tokens = _encoded(setup, encoded, accepted)
    _write_provenance(folder, np.tile(wrong, COPIES), new, reasons, targets)
    return _arrays(tokens, targets)


def _tokens(arrays: dict[str, Any]) -> Tokens:
    return Tokens(arrays["flat"], arrays["starts"], arrays["first"])


def _arrays(tokens: Tokens, targets: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    return {
        "flat": tokens.flat,
        "starts": tokens.starts,
        "first": tokens.first,
        "targets": targets,
    }


def _joined(earlier: dict[str, Any], new: dict[str, Any]) -> dict[str, NDArray[Any]]:
    targets = np.concatenate([earlier["targets"], new["targets"]])
    return _arrays(_tokens(earlier).joined(_tokens(new)), targets)


def _encoded(setup: TaskSetup, encoded: EncodedTask, texts: list[str]) -> Tokens:
    """Encode texts in the task's tokens or a vocabulary's; others become [UNK]."""
    tokenizer, kept = load_tokenizer(setup.oracle.source.folder), encoded.kept
    unknown = int(np.searchsorted(kept, tokenizer.token_to_id("[UNK]")))
    if encoded.pieces is not None:
        tokenizer = pruned(tokenizer, encoded.pieces)
    tokenizer.enable_truncation(encoded.max_length)
    ids = [np.array(e.ids, dtype=np.int64) for e in tokenizer.encode_batch(texts)]
    flat = np.concatenate([*ids, np.empty(0, dtype=np.int64)])
    flat = flat if encoded.pieces is None else encoded.pieces[flat]
    places = np.minimum(np.searchsorted(kept, flat), len(kept) - 1)
    lengths = np.array([len(i) for i in ids], dtype=np.int64)
    return Tokens(
        np.where(kept[places] == flat, places, unknown).astype(np.int32),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        lengths.astype(np.int32),
    )


def _answers(setup: TaskSetup, texts: list[str], tokens: Tokens) -> NDArray[np.float32]:
    if not texts:
        return np.empty((0, setup.classes), dtype=np.float32)
    context = setup.oracle.teacher_context(setup.task, setup.encoded)
    logits = answer_of(setup.teacher, context)(texts, tokens)
    return softmax(logits / np.float32(setup.spec.recipe.temperature))


def _write_provenance(
    folder: Path,
    parents: NDArray[np.int64],
    texts: list[str],
    reasons: list[Verdict | None],
    targets: NDArray[np.float32],
) -> None:
    """Write each text's parent among the dev texts, and its label or why it was refused."""
    answers = iter(targets)
    lines = []
    for parent, text, reason in zip(parents.tolist(), texts, reasons, strict=True):
        row: dict[str, Any] = {"parent": parent, "text": text, "refused": reason}
        if reason is None:
            shares = next(answers)
            row |= {"label": int(shares.argmax()), "confidence": float(shares.max())}
        lines.append(json.dumps(row, ensure_ascii=False))
    write_atomically(folder / PROVENANCE, "".join(f"{line}\n" for line in lines).encode("utf-8"))
