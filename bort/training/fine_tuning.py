"""Fine-tune the source network into a teacher: first its head, then all of it.

Both parts continue after a kill where they stopped and end with the same weights.
"""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from bort.core import shared_files
from bort.core.errors import InvalidModelError
from bort.core.files import load_arrays, read_json, save_arrays, write_json_atomically
from bort.core.progress import OnStep, Progress, Stage
from bort.tasks import Task
from bort.training.checkpoints import load_tensors, save_tensors
from bort.training.contrast import class_batches, contrastive, nearest_class_error
from bort.training.execution import ShouldStop, stop_or_pause
from bort.training.fit import (
    BATCH_SIZE,
    CONTRAST_RATE,
    GENTLE_RATE,
    HEAD_STEPS,
    TEACHER_EVALUATIONS,
    TEACHER_PATIENCE,
    TEACHER_RATE,
    contrast_steps,
    teacher_steps,
)
from bort.training.forward import best_dtype, first_states
from bort.training.loop import Examples, TrainingSettings, predict, training_batches
from bort.training.model_files import save_classifier
from bort.training.probabilities import one_hot
from bort.training.source import SourceNetwork
from bort.training.stage import StageTraining, result_of, run_stage, stage_result
from bort.training.tokens import EncodedTask
from bort.training.vocabulary import expanded_weights, pruned_table

HEAD_RATE = 1e-3
HEAD, HEAD_NOTE = "head.safetensors", "head.json"
CONTRAST, RECIPE = "contrast", "recipe.npz"


def fine_tune(
    task: Task,
    encoded: EncodedTask,
    source: SourceNetwork,
    folder: Path,
    *,
    device: torch.device,
    on_step: OnStep,
    should_stop: ShouldStop | None,
) -> None:
    """Write the fine-tuned source network to `folder`, a classifier that transformers can read.

    With few texts, a contrastive stage arranges the encoder's vectors by class (see `contrast`).
    The head (pooler and classifier) is trained next, on the frozen encoder's states, because a
    head of random weights would spoil the encoder. Then everything but the word embeddings is
    trained until dev stops improving, at most `teacher_steps`; the weights that are best on dev are
    kept. Progress is kept beside `folder` until it is complete. Where machines share files,
    it is trained once for all of them.

    Raises:
        TrainingStoppedError: `should_stop` returned True; the next call continues.
        TrainingDivergedError: a loss is not finite.
    Cost: two to four minutes for movie reviews on two cores with bfloat16.
    """
    if shared_files.fetch(folder):  # another machine has trained it
        return
    work = folder.with_name(f"{folder.name}.work")
    classes = len(task.class_names)
    model, words = classifier_over(encoded, source, classes=classes)
    model.to(device).get_input_embeddings().weight.requires_grad_(False)
    targets = one_hot(task.train.labels, classes)
    _contrast(model, task, encoded, targets, work, on_step=on_step, should_stop=should_stop)
    _train_head(model, encoded, targets, work, on_step=on_step, should_stop=should_stop)
    settings = TrainingSettings(
        steps=teacher_steps(len(task.train), classes),
        batch_size=BATCH_SIZE,
        learning_rate=GENTLE_RATE if contrast_steps(len(task.train)) else TEACHER_RATE,
    )
    stage = StageTraining(
        name="teacher",
        folder=work,
        model=model,
        examples=Examples(encoded.splits["train"], targets, encoded.padding),
        settings=settings,
        objective=None,
        dev_error=_dev_error(model, task, encoded, should_stop),
        evaluations=TEACHER_EVALUATIONS,
        patience=TEACHER_PATIENCE,
        should_stop=should_stop,
    )
    for step in run_stage(stage):
        if step.step == 1 or step.step % 10 == 0 or step.dev_error is not None:
            numbers = {"dev_error": step.dev_error} if step.dev_error is not None else {}
            on_step(Progress(step.step, step.steps, Stage.TRAINING_TEACHER, numbers=numbers))
    weights = expanded_weights(model, encoded.kept, words)
    config = model.config
    config.vocab_size = len(words)  # a padded vocabulary has more than the tokenizer
    config.id2label = dict(enumerate(task.class_names))
    config.label2id = {name: number for number, name in enumerate(task.class_names)}
    recipe = {
        **asdict(settings),
        "result": result_of(work)._asdict(),
        "earlier_seconds": _earlier_seconds(work),
    }
    save_classifier(folder, config, weights, tokenizer_from=source.folder)
    save_arrays(folder / RECIPE, {"settings": json.dumps(recipe)})
    shared_files.push(folder)
    shutil.rmtree(work, ignore_errors=True)


def is_made(folder: Path) -> bool:
    """Whether `fine_tune` has written the folder, its recipe included, which comes last."""
    return (folder / RECIPE).is_file()


def seconds_of(folder: Path) -> float:
    """Read how many seconds `fine_tune` took for a folder, all attempts; 0 if nobody knows.

    Folders of older versions know those after the head only.
    """
    found = load_arrays(folder / RECIPE)
    if found is None:
        return 0.0
    recipe = json.loads(str(found["settings"]))
    return float(recipe["result"]["seconds"] + recipe.get("earlier_seconds", 0.0))


def _earlier_seconds(work: Path) -> float:
    """Add the seconds of the contrastive start, if there was one, and of the head."""
    contrast, head = stage_result(work / CONTRAST), read_json(work / HEAD_NOTE)
    return sum(
        (
            0.0 if contrast is None else contrast.seconds,
            0.0 if head is None else float(head.get("seconds", 0.0)),
        )
    )


def _contrast(
    model: Any,
    task: Task,
    encoded: EncodedTask,
    targets: NDArray[np.float32],
    work: Path,
    *,
    on_step: OnStep,
    should_stop: ShouldStop | None,
) -> None:
    """Arrange the encoder's vectors by class, if there are few texts."""
    labels = task.train.labels
    steps = contrast_steps(len(labels))
    if not steps:
        return
    head = _Head(model).requires_grad_(False)
    dtype = best_dtype(head.device)
    stage = StageTraining(
        name="the teacher's contrastive start",
        folder=work / CONTRAST,
        model=model,
        examples=Examples(encoded.splits["train"], targets, encoded.padding),
        settings=TrainingSettings(steps=steps, batch_size=BATCH_SIZE, learning_rate=CONTRAST_RATE),
        objective=contrastive(model, dtype=dtype),
        dev_error=lambda: nearest_class_error(
            model,
            encoded,
            labels,
            task.dev.labels,
            dtype=dtype,
            pause=lambda: stop_or_pause(should_stop),
        ),
        evaluations=1,
        keep="last",
        batches=lambda _, size, rng: class_batches(labels, size, rng),
        should_stop=should_stop,
    )
    for step in run_stage(stage):
        if step.step == 1 or step.step % 10 == 0:
            on_step(Progress(step.step, step.steps, Stage.ARRANGING_VECTORS))
    head.requires_grad_(True)


def classifier_over(
    encoded: EncodedTask, source: SourceNetwork, *, classes: int
) -> tuple[Any, Tensor]:
    """Build the source network over the task's tokens with a new head; also return its full
    embedding table.
    """
    from transformers import BertConfig, BertForSequenceClassification

    build: Any = BertForSequenceClassification

    fields = {**source.config, "vocab_size": len(encoded.kept), "num_labels": classes}
    for name in ("id2label", "label2id", "transformers_version", "_name_or_path", "architectures"):
        fields.pop(name, None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build(BertConfig(**fields)).eval()
    weights = source.encoder_weights()
    words = weights["embeddings.word_embeddings.weight"]
    weights["embeddings.word_embeddings.weight"] = pruned_table(words, encoded.kept)
    wanted = model.bert.state_dict()
    usable = {k: w for k, w in weights.items() if k in wanted}
    pooler = {k for k in wanted if k.startswith("pooler.")}  # some encoders have none
    if missing := sorted(set(wanted) - set(usable) - pooler):
        raise InvalidModelError(f"{source.name} has no weights for {missing[0]}; fetch it again")
    try:
        model.bert.load_state_dict(usable, strict=False)
    except RuntimeError as error:
        raise InvalidModelError(
            f"the weights of {source.name} do not fit its config.json "
            f"({str(error).splitlines()[-1].strip()}); fetch it again"
        ) from error
    return model, words


def _dev_error(
    model: Any, task: Task, encoded: EncodedTask, should_stop: ShouldStop | None
) -> Callable[[], float]:
    def evaluate() -> float:
        logits = predict(
            model,
            encoded.splits["dev"],
            padding=encoded.padding,
            pause=lambda: stop_or_pause(should_stop),
        )
        return float(np.mean(logits.argmax(1) != task.dev.labels))

    return evaluate


def _train_head(
    model: Any,
    encoded: EncodedTask,
    targets: NDArray[np.float32],
    work: Path,
    *,
    on_step: OnStep,
    should_stop: ShouldStop | None,
) -> None:
    """Train pooler and classifier on the frozen encoder's states, or read them from `work`."""
    head = _Head(model)
    noted = read_json(work / HEAD_NOTE)
    kept = None if noted is None else load_tensors(work / HEAD, noted["sha256"])
    if kept is not None:
        head.load_state_dict(kept)
        return
    begun = time.monotonic()
    on_step(Progress(0, HEAD_STEPS, Stage.TRAINING_HEAD))
    dtype = best_dtype(next(model.parameters()).device)
    tokens = encoded.splits["train"]
    states = predict(
        model,
        tokens,
        padding=encoded.padding,
        forward=lambda ids, lengths, first: first_states(
            model.bert, ids, lengths, first, dtype=dtype
        ),
        pause=lambda: stop_or_pause(should_stop),
    )
    inputs = torch.from_numpy(states).to(head.device)
    wanted = torch.from_numpy(targets).to(head.device)
    optimiser = torch.optim.AdamW(head.parameters(), lr=HEAD_RATE, weight_decay=0.01, fused=True)
    settings = TrainingSettings(steps=HEAD_STEPS, batch_size=BATCH_SIZE, learning_rate=HEAD_RATE)
    rng = np.random.default_rng(settings.seed)
    batches = training_batches(np.ones(len(states)), settings.batch_size, rng)
    for step, rows in zip(range(settings.steps), batches, strict=False):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate_at(step)
        loss = F.cross_entropy(head(inputs[rows]), wanted[rows])
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    digest = save_tensors(work / HEAD, head.state_dict())
    note = {"sha256": digest, "seconds": time.monotonic() - begun}
    write_json_atomically(work / HEAD_NOTE, note)


class _Head(torch.nn.Module):
    """The part of a BERT classifier behind its encoder."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.pooler, self.classifier = model.bert.pooler.dense, model.classifier

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        found: torch.device = self.classifier.weight.device
        return found

    def forward(self, states: Tensor) -> Tensor:
        """Compute logits from first-token states, (n, hidden) to (n, classes)."""
        logits: Tensor = self.classifier(torch.tanh(self.pooler(states)))
        return logits
