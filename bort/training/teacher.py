"""The teacher: the classifier whose probabilities the candidates learn from.

By default it is the source network, fine-tuned once on the task's training split and cached. Its
answers may be averaged with those of the baselines, where that is better on dev. The user can name
any other classifier instead, or a file of soft labels. The answers of networks are cached too.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bort.core.baseline import BASELINES, Coverage, Method, Scored
from bort.core.files import load_arrays, save_arrays
from bort.core.locks import building
from bort.core.paths import cache
from bort.core.progress import Counted, OnStep, Progress, Stage, ignore
from bort.tasks import Split, Task
from bort.training.baselines import Answer, majority, probe, scored, tfidf, whole_texts
from bort.training.execution import ShouldStop, stop_or_pause
from bort.training.fine_tuning import fine_tune, is_made
from bort.training.fit import label_order
from bort.training.limits import read_limits
from bort.training.loop import predict
from bort.training.model_files import load_classifier
from bort.training.probabilities import Logits, mean_of, softmax
from bort.training.soft_labels import SoftLabels, coverage_of, read_soft_labels
from bort.training.source import (
    SourceNetwork,
    model_digest,
    model_folder,
    read_config,
    weights_digest,
)
from bort.training.teacher_choice import best_methods, choices_of
from bort.training.tokens import EncodedTask, Tokens, encode_task
from bort.training.vocabulary import pruned_table

RECIPE = 3  # part of the cache key; raise it when training changes
LEAST = 1e-30  # stands for 0 in a file's answers; a temperature must not soften a hard label


@dataclass(frozen=True)
class Teacher:
    """A classifier and its answers.

    Attributes:
        name: as the user named it, or the source network's name and "fine-tuned".
        folder: the network's, or the file of soft labels. Methods that are no network are fitted
            again or read from the cache.
        digest: SHA-256 of its weights, or of the file.
        is_source: whether it is the source network, fine-tuned, so that candidates can inherit
            from it.
        methods: whose probabilities are averaged into `logits`.
        logits: by split, each shape (n, classes), columns in the order of the task's classes.
        baselines: the errors of the baselines on dev.
        choices: the errors on dev of all that `methods` was chosen from, the lowest first.
        soft_labels: the answers, if the teacher is a file.
        coverage: which texts the file answers. The other training texts have their true labels in
            `logits`; other rows that it does not answer mean nothing.
    """

    name: str
    folder: Path
    digest: str
    is_source: bool
    logits: Logits
    methods: tuple[Method, ...]
    baselines: tuple[Scored, ...]
    choices: tuple[Scored, ...]
    soft_labels: SoftLabels | None = None
    coverage: Coverage | None = None

    @property
    def config(self) -> dict[str, Any]:
        """The network's config.json; empty for a file."""
        return {} if self.soft_labels else read_config(self.folder, self.name)

    @property
    def judged_on(self) -> str:
        """The split that the teacher's error is measured on."""
        return "dev" if self.coverage is None else self.coverage.judged_on

    def covers(self, split: Split) -> NDArray[np.bool_]:
        """Mark the texts that the teacher answers, shape (n,); only a file leaves some out."""
        if self.soft_labels is None:
            return np.ones(len(split), dtype=bool)
        return self.soft_labels.covers(split)

    def probabilities(self, split: str, *, temperature: float = 1.0) -> NDArray[np.float32]:
        """Return the soft labels of a split, shape (n, classes), rows sum to 1."""
        return softmax(self.logits[split] / temperature)


@dataclass(frozen=True, kw_only=True)
class TeacherContext:
    """What a teacher needs to answer the texts of a task: the texts, the source network, a device.

    Attributes:
        encoded: the texts over the source network's tokens.
        on_step: called with each step of progress.
        should_stop: asked at every step; True raises `TrainingStoppedError`.
    """

    task: Task
    encoded: EncodedTask
    source: SourceNetwork
    device: torch.device
    on_step: OnStep = ignore
    should_stop: ShouldStop | None = None

    def pause(self) -> None:
        """Wait while a latency is measured, or stop."""
        stop_or_pause(self.should_stop)

    def baseline(self, method: Method) -> Answer:
        """Fit a baseline, or read its fit from the cache."""
        if method is Method.MAJORITY:
            return majority(self.task)
        if method is Method.TFIDF:
            return tfidf(self.task, on_step=self.on_step, should_stop=self.should_stop)
        fit = partial(probe, self.task, self.encoded, self.source, device=self.device)
        return fit(on_step=self.on_step, should_stop=self.should_stop)

    def network(self, folder: Path, name: str) -> Answer:
        """Load the fine-tuned source network in `folder`."""
        model = load_classifier(folder, name)
        order = label_order(_outputs(model), self.task.class_names, name)
        table = model.get_input_embeddings()
        table.weight = torch.nn.Parameter(pruned_table(table.weight.detach(), self.encoded.kept))
        model.config.pad_token_id = self.encoded.padding  # GPT-2 answers at the token before it
        model.to(self.device)

        def answer(texts: Sequence[str], tokens: Tokens) -> NDArray[np.float32]:
            del texts
            lengths = tokens.lengths
            step = Progress(total=len(lengths), stage=Stage.LABELLING, subject=name)
            told = Counted(self.on_step, step, float(lengths.sum()))
            found = predict(
                model,
                tokens,
                padding=self.encoded.padding,
                pause=self.pause,
                on_rows=lambda rows: told.add(len(rows), float(lengths[rows].sum())),
            )
            return found[:, order]

        return answer

    def answers(
        self, splits: Sequence[str], key: Sequence[Any], made: Callable[[], Answer], subject: str
    ) -> Logits:
        """Answer all texts of these splits, or read the answers from the cache."""
        device = self.device.type  # whose arithmetic the last digits of the answers depend on
        full = [RECIPE, self.task.digest, self.encoded.max_length, device, list(splits), *key]
        path = cache() / "teacher-labels" / f"{_key(full)}.npz"
        known = load_arrays(path)
        if known is not None and set(known) == set(splits):
            return known
        answer, found = made(), {}
        for split in splits:
            tokens = self.encoded.splits[split]
            numbers = {"texts": len(tokens)}
            self.on_step(Progress(stage=Stage.LABELLING, subject=subject, numbers=numbers))
            found[split] = answer(whole_texts(getattr(self.task, split)), tokens)
        save_arrays(path, found)
        return found


def own_teacher(context: TeacherContext) -> Teacher:
    """Fine-tune the source network on the task's training split, or read it from the cache, and
    choose whose answers to learn from.

    If two processes ask for the same teacher at once, the second waits for the first.

    Raises:
        TrainingStoppedError: the user stopped it; the next call continues.
    Cost: two to four minutes for movie reviews on two cores with bfloat16, once.
    """
    task, encoded, source = context.task, context.encoded, context.source
    key = _key([RECIPE, task.digest, source.digest, encoded.max_length, context.device.type])
    folder = cache() / "teachers" / key
    splits = tuple(encoded.splits)
    with building(folder.with_name(f"{key}.lock")):
        simple = baseline_answers(context, splits)
        if not is_made(folder):
            fine_tune(
                task,
                encoded,
                source,
                folder,
                device=context.device,
                on_step=context.on_step,
                should_stop=context.should_stop,
            )
        digest = weights_digest(folder)
        tuned = context.answers(
            splits, [digest], lambda: context.network(folder, source.name), source.name
        )
    found = {Method.FINETUNED: tuned, **simple}  # of equals, the network counts as the best
    choices = choices_of(task, found)
    methods = best_methods(task, found, choices)
    return Teacher(
        name=f"{source.name} fine-tuned",
        folder=folder,
        digest=digest,
        is_source=True,
        logits={split: mean_of([found[m][split] for m in methods]) for split in splits},
        methods=methods,
        baselines=_scores(task, simple),
        choices=choices,
    )


def given_teacher(context: TeacherContext, spec: str, *, max_length: int | None) -> Teacher:
    """Load a classifier chosen by the user, with its own tokenizer.

    Args:
        spec: folder or hub id.
        max_length: most tokens per text.
    Raises:
        InvalidModelError: no classifier in safetensors, or its labels are not the task's.
    """
    task = context.task
    folder = model_folder(spec)
    digest = weights_digest(folder)
    simple = baseline_answers(context, ("dev",))
    logits = _given_answers(context, spec, max_length=max_length)
    return Teacher(
        name=spec,
        folder=folder,
        digest=digest,
        is_source=False,
        logits=logits,
        methods=(Method.GIVEN,),
        baselines=_scores(task, simple),
        choices=(scored([Method.GIVEN], logits["dev"], task.dev.labels, task.class_names),),
    )


def _given_answers(context: TeacherContext, spec: str, *, max_length: int | None) -> Logits:
    """Compute the answers of a classifier with its own tokenizer, cached."""
    task, folder = context.task, model_folder(spec)
    digest, longest = model_digest(folder), _longest(folder)
    limit = None if max_length is None else min(max_length, longest)
    encoded = encode_task(task, folder, digest=digest, max_length=limit, longest=longest)
    own = replace(context, encoded=encoded)
    labels = _config(folder).get("id2label")
    with building(cache() / "teachers" / f"{_key([task.digest, digest, limit])}.lock"):
        return own.answers(
            tuple(encoded.splits),
            [digest, labels, encoded.padding],
            lambda: own.network(folder, spec),
            spec,
        )


def file_teacher(context: TeacherContext, path: str) -> Teacher:
    """Read a file of soft labels. It answers some texts; it cannot answer new ones.

    Raises:
        InvalidDataError: the file cannot be used, or answers too few training texts.
    """
    task = context.task
    labels = read_soft_labels(path, task)
    coverage = coverage_of(labels, task)
    logits = {name: _file_logits(labels, getattr(task, name)) for name in coverage.texts}
    split = getattr(task, coverage.judged_on)
    rows = labels.covers(split)
    score = scored(
        [Method.FILE],
        logits[coverage.judged_on][rows],
        split.labels[rows],
        task.class_names,
    )
    return Teacher(
        name=path,
        folder=labels.path,
        digest=labels.digest,
        is_source=False,
        logits=logits,
        methods=(Method.FILE,),
        baselines=_scores(task, baseline_answers(context, ("dev",))),
        choices=(score,),
        soft_labels=labels,
        coverage=coverage,
    )


def _file_logits(labels: SoftLabels, split: Split) -> NDArray[np.float32]:
    return np.log(np.maximum(labels.answers(split), np.float32(LEAST)))


def baseline_answers(context: TeacherContext, splits: Sequence[str]) -> dict[Method, Logits]:
    """Compute the answers of all baselines, cached."""
    return {
        method: context.answers(
            splits, [method, context.source.digest], partial(context.baseline, method), method
        )
        for method in BASELINES
    }


def _scores(task: Task, found: Mapping[Method, Logits]) -> tuple[Scored, ...]:
    return tuple(
        scored([method], answers["dev"], task.dev.labels, task.class_names)
        for method, answers in found.items()
    )


def answer_of(teacher: Teacher, context: TeacherContext) -> Answer:
    """Make the function that answers new texts as a teacher of the source network's tokens does.

    Args:
        context: over the tokens that the new texts are numbered in.
    """
    parts = [
        context.network(teacher.folder, teacher.name)
        if method is Method.FINETUNED
        else context.baseline(method)
        for method in teacher.methods
    ]
    return lambda texts, tokens: mean_of([part(texts, tokens) for part in parts])


def answers_to_pool(teacher: Teacher, context: TeacherContext, *, max_length: int | None) -> Logits:
    """Compute the teacher's logits for a task with the same texts and a wider pool, cached.

    Args:
        context: of the wider task, over the source network's tokens.
        max_length: most tokens per text, for a teacher with its own tokenizer.
    """
    if teacher.soft_labels is not None:
        pool = context.task.pool
        answers = {} if pool is None else {"pool": _file_logits(teacher.soft_labels, pool)}
        return {**teacher.logits, **answers}
    if not teacher.is_source:
        return _given_answers(context, teacher.name, max_length=max_length)
    key = [teacher.digest, list(teacher.methods)]
    made = context.answers(("pool",), key, lambda: answer_of(teacher, context), teacher.name)
    return {**teacher.logits, **made}


def _key(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _longest(folder: Path) -> int:
    # RoBERTa and its relatives start numbering positions after the padding id, so two are lost.
    config = _config(folder)
    positions = max(8, int(config.get("max_position_embeddings", 512)) - 2)
    return min(positions, read_limits(config).tokens)


def _config(folder: Path) -> dict[str, Any]:
    return read_config(folder, folder.name)


def _outputs(model: Any) -> list[str]:
    return [str(model.config.id2label[i]) for i in range(model.config.num_labels)]
