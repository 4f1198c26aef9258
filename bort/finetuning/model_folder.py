"""A trained student as files that `transformers` reads, complete or not at all."""

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from bort.finetuning.classroom import Classroom
from bort.training.candidate import Candidate
from bort.training.model_files import save_classifier
from bort.training.tokens import load_tokenizer

SPECIAL_TOKENS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def save_student(folder: Path, room: Classroom, candidate: Candidate) -> int:
    """Write a student over the whole vocabulary, with its tokenizer; returns its parameters.

    Tokens that no text of the task showed get what they were inherited with.

    Raises:
        StoreError: it cannot be written; nothing is left behind.
    """
    words = room.oracle.words
    weights = candidate.full_weights(room.encoded.kept, words)
    config = candidate.model.config
    config.vocab_size = len(words)
    config.id2label = dict(enumerate(room.task.class_names))
    config.label2id = {name: number for number, name in enumerate(room.task.class_names)}
    source = room.oracle.source.folder
    save_classifier(folder, config, weights, tokenizer_from=source)
    complete_tokenizer(folder, source, longest=_longest(config))
    return _parameters(candidate.model, weights)


def _parameters(model: Any, weights: dict[str, Tensor]) -> int:
    return sum(weights[name].numel() for name, _ in model.named_parameters())


def _longest(config: Any) -> int:
    return int(getattr(config, "max_position_embeddings", 512))


def complete_tokenizer(folder: Path, source: Path, *, longest: int) -> None:
    """Both files that every release of `transformers` reads."""
    if not (folder / "tokenizer.json").is_file():
        load_tokenizer(source).save(str(folder / "tokenizer.json"))
    path = folder / "tokenizer_config.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    content = {"tokenizer_class": "BertTokenizer", **SPECIAL_TOKENS, **known}
    content["model_max_length"] = longest
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
