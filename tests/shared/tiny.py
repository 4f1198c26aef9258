"""A source network, a task and a space so small that a whole search takes seconds."""

import csv
import json
import random
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bort.agora.text.spec import small_space
from bort.core.agora import TextSpec
from bort.core.study import TaskSpec, TrainingSpec
from bort.tasks import Task

GOOD = ("fine", "lovely", "bright", "great", "warm", "clever")
BAD = ("dull", "awful", "grey", "poor", "cold", "silly")
PLAIN = ("film", "plot", "actor", "scene", "song", "ending", "joke", "story", "camera", "cast")
WORDS = ("the", "a", "is", "was", "and", "but", "very", "rather", *GOOD, *BAD, *PLAIN)
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS)
LETTERS = (*ascii_lowercase[1:], *(f"##{letter}" for letter in ascii_lowercase))

SPACE = """\
family = "bert"
name = "tiny"

[dimensions]
depth = [1, 2]
heads = [1, 2]
hidden = [8, 16]
intermediate = [16, 32]

[fixed]
vocabulary = {vocabulary}
positions = 32
"""


def write_source(folder: Path, vocabulary: Sequence[str] = VOCABULARY) -> Path:
    """Write a two-layer BERT whose embeddings tell good words from bad, and its tokenizer.

    Args:
        vocabulary: begins with `VOCABULARY`.
    """
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        initializer_range=0.25,  # 1/sqrt(hidden), so that word meanings reach the pooler
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertModel(config)
        table = model.embeddings.word_embeddings.weight.data
        for word in GOOD + BAD:
            table[VOCABULARY.index(word), 0] += 3.0 if word in GOOD else -3.0
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    return folder


def write_space(path: Path) -> Path:
    """Write a space of 16 architectures; the largest has the source network's shape."""
    path.write_text(SPACE.format(vocabulary=len(VOCABULARY)), encoding="utf-8")
    return path


def write_task(path: Path, *, rows: int = 600, seed: int = 0) -> Path:
    """Write sentences whose words decide their sentiment."""
    rng = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for row in range(rows):
            writer.writerow([_sentence(rng, GOOD if row % 2 else BAD), ("bad", "good")[row % 2]])
    return path


def write_answers(
    path: Path,
    task: Task,
    *,
    splits: Sequence[str] = ("train", "dev", "audit"),
    share: float = 1.0,
    sure: float = 0.9,
    turned: bool = False,
) -> Path:
    """Write a file of soft labels that answers the first texts of these splits.

    Args:
        share: how many of each split's texts it answers.
        sure: the probability of the true class.
        turned: give it to the other class.
    """
    rows = []
    for split in (getattr(task, name) for name in splits):
        for row in range(round(share * len(split))):
            shares = [1 - sure, sure] if split.labels[row] != turned else [sure, 1 - sure]
            rows.append([split.texts[row], *shares])
    names = ["text", *task.class_names]
    pq.write_table(pa.table(dict(zip(names, zip(*rows, strict=True), strict=True))), path)
    return path


def write_all(folder: Path) -> Path:
    """Write network, space and task to one folder."""
    write_source(folder / "source")
    write_space(folder / "tiny.toml")
    write_task(folder / "reviews.csv")
    return folder


def use_home(monkeypatch: pytest.MonkeyPatch, folder: Path, *, lock: Path) -> None:
    """Keep caches in `folder`, and do not wait for latency measurements on this machine."""
    monkeypatch.setenv("BORT_HOME", str(folder))
    monkeypatch.delenv("BORT_STORE", raising=False)
    monkeypatch.setattr("bort.core.locks.lock_path", lambda: lock / "measuring.lock")


def agora_on_texts(folder: Path) -> TextSpec:
    """Describe a run of a few seconds: 60 labelled texts, 360 in the pool."""
    return TextSpec(
        study="tiny",
        task=TaskSpec(task=str(folder / "reviews.csv"), labelled=60),
        space=small_space("1-2-16-32", {"vocab_size": len(VOCABULARY)}).to_dict(),
        architecture="1-2-16-32",
        training=TrainingSpec(
            steps=15, initialise="scratch", source=str(folder / "source"), threads=1
        ),
        rounds=2,
        points_per_round=40,
        patience=None,
    )


def _sentence(rng: random.Random, mood: tuple[str, ...]) -> str:
    words = [*rng.sample(PLAIN, 5), *rng.sample(mood, 2), *rng.choices(WORDS[:8], k=5)]
    rng.shuffle(words)
    return " ".join(words)
