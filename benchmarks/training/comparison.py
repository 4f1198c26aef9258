"""Compare our training loop with `transformers.Trainer`, in turns.

Both train the same architecture on the same texts with the same batch size, learning rate and
schedule, from the same random weights (over the task's tokens), on hard labels. Each takes a few
steps while the other waits, so a machine that slows down slows both.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bort.core.architecture import Architecture
from bort.families import SearchSpace
from bort.tasks import Task
from bort.training.attempts import default_learning_rate
from bort.training.candidate import build_text_model
from bort.training.loop import Examples, TrainingSettings, TrainingStep, predict, train
from bort.training.model_files import quiet_transformers
from bort.training.probabilities import one_hot
from bort.training.tokens import EncodedTask
from bort.training.vocabulary import expanded_weights

TURN = 5  # steps that each side takes in turn


@dataclass(frozen=True)
class Comparison:
    """One architecture, trained once by each side.

    Attributes:
        architecture: its id.
        seed: seed of the weights and of the order of texts.
        learning_rate: learning rate of both.
        trainer_step_ms, our_step_ms: medians over all steps after the first turn.
        trainer_error, our_error: on dev, after the same number of steps.
    """

    architecture: str
    seed: int
    learning_rate: float
    trainer_step_ms: float
    our_step_ms: float
    trainer_error: float
    our_error: float

    @property
    def speedup(self) -> float:
        """The number of our steps that take as long as one of the Trainer's."""
        return self.trainer_step_ms / self.our_step_ms


def compare(
    task: Task,
    encoded: EncodedTask,
    space: SearchSpace,
    architecture: Architecture,
    *,
    steps: int,
    batch_size: int,
    seed: int,
) -> Comparison:
    """Train `architecture` from scratch twice, in turns, on the CPU with the current threads."""
    own, alone = space.member(architecture)
    rate = default_learning_rate(alone.as_dict(), "scratch", own.family_name)
    classes = len(task.class_names)

    def build(vocabulary: int, padding: int) -> Any:
        return build_text_model(
            own,
            alone,
            vocabulary=vocabulary,
            padding=padding,
            classes=classes,
            seed=seed,
        )

    ours = build(len(encoded.kept), encoded.padding)
    examples = Examples(
        encoded.splits["train"], one_hot(task.train.labels, classes), encoded.padding
    )
    settings = TrainingSettings(steps=steps, batch_size=batch_size, learning_rate=rate, seed=seed)
    turns = _Turns(train(ours, examples, settings))
    theirs = build(encoded.vocabulary, int(encoded.kept[encoded.padding]))
    # The same first weights, so that the two differ only in the training code.
    table = theirs.get_input_embeddings().weight.detach()
    theirs.load_state_dict(expanded_weights(ours, encoded.kept, table))
    trainer = _trainer(theirs, task, encoded, settings, turns)
    with quiet_transformers():
        trainer.train()
        their_logits = trainer.predict(_Texts(encoded, "dev", task.dev.labels)).predictions
    turns.finish()
    our_logits = predict(ours, encoded.splits["dev"], padding=encoded.padding)
    labels = task.dev.labels
    return Comparison(
        architecture=architecture.id,
        seed=seed,
        learning_rate=rate,
        trainer_step_ms=1e3 * float(np.median(turns.their_seconds[TURN:])),
        our_step_ms=1e3 * float(np.median(turns.our_seconds[TURN:])),
        trainer_error=float(np.mean(their_logits.argmax(1) != labels)),
        our_error=float(np.mean(our_logits.argmax(1) != labels)),
    )


class _Turns:
    """Gives each side a turn and times both."""

    def __init__(self, steps: Iterator[TrainingStep]) -> None:
        self._steps = steps
        self.our_seconds: list[float] = []
        self.their_seconds: list[float] = []
        self._resumed = time.perf_counter()

    def they_begin(self) -> None:
        """Note that the Trainer starts."""
        self._resumed = time.perf_counter()

    def they_stepped(self) -> None:
        """Note that the Trainer finished a step, data loading included; then take our turn."""
        self.their_seconds.append(time.perf_counter() - self._resumed)
        if len(self.their_seconds) % TURN == 0:
            self._advance(TURN)
        self._resumed = time.perf_counter()

    def finish(self) -> None:
        """Take our remaining steps."""
        while self._advance(TURN):
            pass

    def _advance(self, count: int) -> bool:
        for _ in range(count):
            started = time.perf_counter()
            if next(self._steps, None) is None:
                return False
            self.our_seconds.append(time.perf_counter() - started)
        return True


class _Texts(torch.utils.data.Dataset[dict[str, Any]]):
    """A split for the Trainer, with the ids of the full vocabulary."""

    def __init__(self, encoded: EncodedTask, split: str, labels: NDArray[np.int64]) -> None:
        self._tokens, self._kept, self._labels = encoded.splits[split], encoded.kept, labels

    def __len__(self) -> int:
        return len(self._tokens)

    def __getitem__(self, row: int) -> dict[str, Any]:
        start, stop = self._tokens.starts[row : row + 2]
        ids = self._kept[self._tokens.flat[start:stop]]
        types = (np.arange(len(ids)) >= self._tokens.first[row]).astype(np.int64)
        return {"input_ids": ids, "token_type_ids": types, "labels": int(self._labels[row])}


def _collate(rows: list[dict[str, Any]], *, padding: int) -> dict[str, torch.Tensor]:
    """Pad a batch to its longest text, as `DataCollatorWithPadding` does."""
    longest = max(len(row["input_ids"]) for row in rows)

    def padded(values: list[NDArray[np.int64]], fill: int) -> torch.Tensor:
        filled = [np.pad(v, (0, longest - len(v)), constant_values=fill) for v in values]
        return torch.from_numpy(np.stack(filled))

    return {
        "input_ids": padded([row["input_ids"] for row in rows], padding),
        "token_type_ids": padded([row["token_type_ids"] for row in rows], 0),
        "attention_mask": padded([np.ones_like(row["input_ids"]) for row in rows], 0),
        "labels": torch.tensor([row["labels"] for row in rows]),
    }


def _trainer(
    model: Any, task: Task, encoded: EncodedTask, settings: TrainingSettings, turns: _Turns
) -> Any:
    """A standard Trainer with its reports switched off."""
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    class Callback(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            turns.they_begin()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            turns.they_stepped()

    arguments = TrainingArguments(
        output_dir=tempfile.gettempdir(),  # nothing is saved
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=settings.learning_rate,
        warmup_steps=round(settings.warmup * settings.steps),
        weight_decay=settings.weight_decay,
        seed=settings.seed,
    )
    padding = int(encoded.kept[encoded.padding])
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=_Texts(encoded, "train", task.train.labels),
        data_collator=partial(_collate, padding=padding),
        callbacks=[Callback()],
    )
    trainer.remove_callback(PrinterCallback)  # it prints to standard output
    return trainer
