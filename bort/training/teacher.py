"""The teacher: a classifier whose probabilities the candidates learn from.

By default it is the source network, fine-tuned once on the task's training split and cached; the
user can name any other classifier. Its answers to every text are cached too.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bort.core.errors import InvalidModelError
from bort.core.files import load_arrays, save_arrays
from bort.core.locks import building
from bort.core.paths import cache
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.training.execution import ShouldStop, pause_unless, stop_or_pause, stoppable
from bort.training.fit import BATCH_SIZE, fine_tuning_steps, label_order
from bort.training.loop import Examples, TrainingSettings, predict, train
from bort.training.model_files import load_classifier, save_classifier
from bort.training.source import SourceNetwork, model_folder, read_config, weights_digest
from bort.training.tokens import EncodedTask, encode_task
from bort.training.vocabulary import expanded_weights, pruned_table

if TYPE_CHECKING:
    from bort.tasks import Task

RECIPE = 1  # part of the cache key; raise it when training changes
LEARNING_RATE = 1e-4  # measured on movie reviews: 5e-5 and 1e-4 give the same dev error


@dataclass(frozen=True)
class Teacher:
    """A classifier and its answers.

    Attributes:
        name: the name that the user gave, or the source network's name and "fine-tuned".
        digest: SHA-256 of its weights.
        is_source: whether it is the fine-tuned source network, which candidates can inherit from.
        logits: by split, each shape (n, classes), columns in the order of the task's classes.
    """

    name: str
    folder: Path
    digest: str
    is_source: bool
    logits: dict[str, NDArray[np.float32]]

    def probabilities(self, split: str, *, temperature: float = 1.0) -> NDArray[np.float32]:
        """Return the soft labels of a split, shape (n, classes), rows sum to 1."""
        return softmax(self.logits[split] / temperature)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the softmax along the last axis."""
    grown = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: NDArray[np.float32] = grown / grown.sum(axis=-1, keepdims=True)
    return shares


def one_hot(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Turn hard labels into probabilities, shape (n, classes)."""
    return np.eye(classes, dtype=np.float32)[labels]


def own_teacher(
    task: "Task",
    encoded: EncodedTask,
    source: SourceNetwork,
    *,
    device: torch.device,
    on_step: OnStep = ignore,
    should_stop: ShouldStop | None = None,
) -> Teacher:
    """Fine-tune the source network on the task's training split, or read it from the cache.

    If two processes need the same teacher at once, the second waits for the first.

    Raises:
        TrainingStoppedError: `should_stop` returned True; nothing is left behind.
    Cost: about one minute for movie reviews on two idle cores, once.
    """
    key = _key([RECIPE, task.digest, source.digest, encoded.max_length])
    folder = cache() / "teachers" / key
    with building(folder.with_name(f"{key}.lock")):
        if not (folder / "config.json").is_file():
            _fine_tune(task, encoded, source, folder, device, on_step, should_stop)
        digest = weights_digest(folder)
        logits = _answers(task, encoded, folder, digest, source.name, device, on_step, should_stop)
    return Teacher(f"{source.name} fine-tuned", folder, digest, True, logits)


def given_teacher(
    spec: str,
    task: "Task",
    *,
    max_length: int | None,
    device: torch.device,
    on_step: OnStep = ignore,
    should_stop: ShouldStop | None = None,
) -> Teacher:
    """Load a classifier chosen by the user, with its own tokenizer.

    Args:
        spec: folder or hub id.
    Raises:
        InvalidModelError: there is no classifier in safetensors, or its labels are not the task's.
    """
    folder = model_folder(spec)
    digest = weights_digest(folder)
    longest = _longest(folder)
    limit = None if max_length is None else min(max_length, longest)
    encoded = encode_task(task, folder, digest=digest, max_length=limit, longest=longest)
    lock = cache() / "teachers" / f"{_key([task.digest, digest, limit])}.lock"
    with building(lock):
        logits = _answers(task, encoded, folder, digest, spec, device, on_step, should_stop)
    return Teacher(spec, folder, digest, False, logits)


def answers_to(
    teacher: Teacher,
    task: "Task",
    encoded: EncodedTask,
    *,
    max_length: int | None,
    device: torch.device,
    on_step: OnStep = ignore,
    should_stop: ShouldStop | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Compute the teacher's logits for the texts of a task with the same classes, cached.

    Args:
        encoded: `task` in the source network's tokens.
        max_length: most tokens per text, for a teacher with its own tokenizer.
    """
    listen: dict[str, Any] = {"device": device, "on_step": on_step, "should_stop": should_stop}
    if not teacher.is_source:
        return given_teacher(teacher.name, task, max_length=max_length, **listen).logits
    name = teacher.name
    return _answers(task, encoded, teacher.folder, teacher.digest, name, **listen)


def _key(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _longest(folder: Path) -> int:
    # RoBERTa and its relatives start numbering positions after the padding id, so two are lost.
    return max(8, int(_config(folder).get("max_position_embeddings", 512)) - 2)


def _config(folder: Path) -> dict[str, Any]:
    return read_config(folder, folder.name)


def _outputs(model: Any) -> list[str]:
    return [str(model.config.id2label[i]) for i in range(model.config.num_labels)]


def _fine_tune(
    task: "Task",
    encoded: EncodedTask,
    source: SourceNetwork,
    folder: Path,
    device: torch.device,
    on_step: OnStep,
    should_stop: ShouldStop | None,
) -> None:
    model, words = classifier_over(task, encoded, source)
    model.to(device).get_input_embeddings().weight.requires_grad_(False)
    classes = len(task.class_names)
    examples = Examples(
        encoded.splits["train"], one_hot(task.train.labels, classes), encoded.padding
    )
    settings = TrainingSettings(
        steps=fine_tuning_steps(len(task.train)), batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE
    )
    steps = train(model, examples, settings, pause=pause_unless(should_stop))
    for step in stoppable(steps, should_stop):
        if step.step == 1 or step.step % 10 == 0:
            on_step(Progress(step.step, step.steps, Stage.TRAINING_TEACHER))
    weights = expanded_weights(model, encoded.kept, words)
    config = model.config
    config.vocab_size = encoded.vocabulary
    config.id2label = dict(enumerate(task.class_names))
    config.label2id = {name: number for number, name in enumerate(task.class_names)}
    save_classifier(folder, config, weights, tokenizer_from=source.folder)
    save_arrays(folder / "recipe.npz", {"settings": json.dumps(asdict(settings))})


def classifier_over(
    task: "Task", encoded: EncodedTask, source: SourceNetwork
) -> tuple[Any, Tensor]:
    """Build the source network over the task's tokens with a new head; also return its full
    embedding table.
    """
    from transformers import BertConfig, BertForSequenceClassification

    build: Any = BertForSequenceClassification

    fields = {**source.config, "vocab_size": len(encoded.kept), "num_labels": len(task.class_names)}
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


def _answers(
    task: "Task",
    encoded: EncodedTask,
    folder: Path,
    digest: str,
    name: str,
    device: torch.device,
    on_step: OnStep,
    should_stop: ShouldStop | None,
) -> dict[str, NDArray[np.float32]]:
    """Compute the logits of all splits, cached."""
    labels = _config(folder).get("id2label")
    key = _key([RECIPE, task.digest, digest, encoded.max_length, labels])
    path = cache() / "teacher-labels" / f"{key}.npz"
    known = load_arrays(path)
    if known is not None and set(known) == set(encoded.splits):
        return known
    model = load_classifier(folder, name)
    order = label_order(_outputs(model), task.class_names, name)
    table = model.get_input_embeddings()
    table.weight = torch.nn.Parameter(pruned_table(table.weight.detach(), encoded.kept))
    model.to(device)
    logits = {}
    for split, tokens in encoded.splits.items():
        on_step(Progress(stage=Stage.LABELLING, subject=split, numbers={"texts": len(tokens)}))
        found = predict(
            model, tokens, padding=encoded.padding, pause=lambda: stop_or_pause(should_stop)
        )
        logits[split] = found[:, order]
    save_arrays(path, logits)
    return logits
