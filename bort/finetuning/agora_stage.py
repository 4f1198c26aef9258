"""The Agora stage: texts made near the dev texts that a student gets wrong, and labelled.

A round of Agora [source] in short form: find the dev errors, make new texts near them by exchanging
words, have the teacher label them, train on. Near-duplicates of audit texts and copies of dev
texts are refused, and every text keeps its provenance. Dev has been looked at then: what it says
afterwards is no longer honest, audit is. `bort agora run` is the whole loop.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bort.agora.loop import Verdict, as_inputs
from bort.agora.text.data import NearDuplicateGuard
from bort.core.errors import InvalidModelError
from bort.core.files import load_arrays, save_arrays, write_atomically
from bort.finetuning.classroom import Classroom
from bort.finetuning.units import Unit
from bort.training.loop import Examples, predict
from bort.training.teacher import softmax
from bort.training.tokens import Tokens, load_tokenizer
from bort.training.unlabelled import Augmentation, synthetic_texts

COPIES = 8  # new texts per dev error
ARRAYS, PROVENANCE = "near-errors.npz", "near-errors.jsonl"


def near_errors(room: Classroom, model: Any, unit: Unit, folder: Path) -> Examples:
    """The new texts of this round and of those before, with the teacher's answers.

    Args:
        model: the student as the round begins.
        folder: of the round; what is made is kept there.
    Raises:
        InvalidModelError: the teacher is not the source network fine-tuned, or the task has two
            text columns.
    """
    arrays = load_arrays(folder / ARRAYS)
    if arrays is None:
        arrays = _made(room, model, unit, folder)
        save_arrays(folder / ARRAYS, arrays)
    tokens = Tokens(arrays["flat"], arrays["starts"], arrays["first"])
    return Examples(tokens, arrays["targets"], room.encoded.padding)


def check_agora(room: Classroom) -> None:
    """Pass if the stage can label and sample here.

    Raises:
        InvalidModelError: the teacher is not the source network fine-tuned, or the task has two
            text columns.
    """
    if not room.teacher.is_source or room.task.train.pairs is not None:
        raise InvalidModelError(
            "the stage agora needs the source network's own teacher and a task of one text "
            "column; leave --teacher out, or the stage"
        )


def _made(room: Classroom, model: Any, unit: Unit, folder: Path) -> dict[str, NDArray[Any]]:
    check_agora(room)
    dev = room.encoded.splits["dev"]
    answers = predict(model, dev, padding=room.encoded.padding).argmax(1)
    wrong = np.flatnonzero(answers != room.task.dev.labels)
    texts = [room.task.dev.texts[row] for row in wrong]
    seed = [unit.seed, int(unit.stage.removeprefix("agora"))]
    settings = Augmentation(copies=COPIES, spliced=0.0)
    new = synthetic_texts(
        texts, room.oracle.source, settings, seed, vocabulary=room.task.train.texts
    )
    guard = NearDuplicateGuard(as_inputs(room.task.audit.texts), as_inputs(room.task.dev.texts))
    reasons = guard(as_inputs(new))
    accepted = np.array([reason is None for reason in reasons], dtype=bool)
    tokens = _encoded(room, [text for text, ok in zip(new, accepted, strict=True) if ok])
    targets = _answers(room, tokens)
    _write_provenance(folder, np.tile(wrong, COPIES), new, reasons, targets)
    before = _earlier(unit)
    if before is not None:
        earlier = Tokens(before["flat"], before["starts"], before["first"])
        tokens = earlier.joined(tokens)
        targets = np.concatenate([before["targets"], targets])
    return {
        "flat": tokens.flat,
        "starts": tokens.starts,
        "first": tokens.first,
        "targets": targets,
    }


def _earlier(unit: Unit) -> dict[str, Any] | None:
    return None if unit.begins_with is None else load_arrays(unit.begins_with / ARRAYS)


def _encoded(room: Classroom, texts: list[str]) -> Tokens:
    """Texts over the task's tokens; one that none of its texts showed becomes [UNK]."""
    tokenizer = load_tokenizer(room.oracle.source.folder)
    tokenizer.enable_truncation(room.encoded.max_length)
    kept = room.encoded.kept
    ids = [np.array(e.ids, dtype=np.int64) for e in tokenizer.encode_batch(texts)]
    flat = np.concatenate([*ids, np.empty(0, dtype=np.int64)])
    places = np.minimum(np.searchsorted(kept, flat), len(kept) - 1)
    unknown = int(np.searchsorted(kept, tokenizer.token_to_id("[UNK]")))
    lengths = np.array([len(i) for i in ids], dtype=np.int64)
    return Tokens(
        np.where(kept[places] == flat, places, unknown).astype(np.int32),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        lengths.astype(np.int32),
    )


def _answers(room: Classroom, tokens: Tokens) -> NDArray[np.float32]:
    if len(tokens) == 0:
        return np.empty((0, room.classes), dtype=np.float32)
    with torch.no_grad():
        logits = predict(room.own_teacher(), tokens, padding=room.encoded.padding)
    return softmax(logits / np.float32(room.spec.recipe.temperature))


def _write_provenance(
    folder: Path,
    parents: NDArray[np.int64],
    texts: list[str],
    reasons: list[Verdict | None],
    targets: NDArray[np.float32],
) -> None:
    """Every new text: its parent among the dev texts, label and confidence, or why refused."""
    answers = iter(targets)
    lines = []
    for parent, text, reason in zip(parents.tolist(), texts, reasons, strict=True):
        row: dict[str, Any] = {"parent": parent, "text": text, "refused": reason}
        if reason is None:
            shares = next(answers)
            row |= {"label": int(shares.argmax()), "confidence": float(shares.max())}
        lines.append(json.dumps(row, ensure_ascii=False))
    write_atomically(folder / PROVENANCE, ("\n".join(lines) + "\n").encode("utf-8"))
