"""The networks of a run on texts: source network, teacher and students."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bort.agora.loop import Examples, Inputs, Labeler, Value, as_values
from bort.agora.loop.values import joined
from bort.agora.text.data import split_inputs, whole_texts
from bort.agora.text.labelers import Logits, NetworkLabeler
from bort.agora.text.spaces import NetworkSpace, RememberedSpace, WordSpace, source_encoder
from bort.agora.text.spec import DISTIL_EPOCHS, student_of, synthetic_copies
from bort.agora.text.student import TextStudent
from bort.agora.text.tokens import Float32Array, TextTokens, WordTable, is_word
from bort.core.agora import TextSpec
from bort.core.baseline import OracleFacts
from bort.core.progress import OnStep, ignore
from bort.tasks import Task
from bort.training.attempts import DISTILLED
from bort.training.candidate import build_candidate
from bort.training.execution import ShouldStop, pause_unless, training_threads
from bort.training.fit import label_order, labels_of
from bort.training.limits import READS
from bort.training.loop import predict
from bort.training.model_files import load_classifier
from bort.training.oracle import ErrorOracle
from bort.training.source import read_config
from bort.training.teacher import answer_of
from bort.training.tokens import EncodedTask, load_tokenizer
from bort.training.unlabelled import Augmentation, with_unlabelled

_DISTILLING = 13  # a stream of randomness
LONGEST = 512  # the most tokens that a user's own labeler reads
VISIBLE = ("train", "dev", "pool")  # the splits that the loop may read
RATE_SHARE = 0.5  # share of a short training's rate, for one that is several times as long


class Networks:
    """One run's source network, teacher and students, read or trained when first needed.

    Args:
        on_step: called with each step of progress.
        should_stop: called at every step; if it returns true, `TrainingStoppedError` is raised.
    Raises:
        BortError: the source network, teacher or device cannot be used.
    """

    def __init__(
        self,
        spec: TextSpec,
        task: Task,
        *,
        on_step: OnStep = ignore,
        should_stop: ShouldStop | None = None,
    ) -> None:
        space, self._architecture = student_of(spec)
        self._oracle = ErrorOracle(
            task,
            replace(spec.training, teacher=spec.teacher_folder),
            space,
            seed=spec.seed,
            on_step=on_step,
            should_stop=should_stop,
        )
        self._task, self._space, self._should_stop = task, space, should_stop
        self._live: Logits | None = None
        self._distilled: Mapping[str, Any] | None = None
        self.tokens = TextTokens.of_task(self._oracle.encoded, self._oracle.source.folder)

    @property
    def encoded(self) -> EncodedTask:
        """Encode the task's texts as token ids."""
        return self._oracle.encoded

    @property
    def threads(self) -> int:
        """Number of CPU threads."""
        return self._oracle.threads

    @property
    def teacher_logits(self) -> Mapping[str, Float32Array]:
        """The teacher's answers by split, shape (n, classes) each."""
        return self._oracle.teacher.logits

    def describe(self) -> OracleFacts:
        """Return what the results depend on."""
        return self._oracle.describe()

    def student(self, *, steps: int) -> TextStudent:
        """Make a student with the run's architecture that trains for `steps` steps."""
        spec, rate = self._oracle.spec, self._oracle.learning_rates(self._architecture)[0]
        return TextStudent(
            build=self._built,
            tokens=self.tokens,
            learning_rate=rate * (RATE_SHARE if self._distilled is None else DISTILLED),
            steps=steps,
            batch_size=spec.batch_size,
            threads=self.threads,
            should_stop=self._should_stop,
        )

    def distil(self, labeler: Labeler, train: Examples) -> None:
        """Let all later students start from one that has learned the labeler's answers.

        It reads the training texts, the pool, and synthetic texts made from both [ours].
        """
        known = len(train) + len(self._task.pool or ())
        made = Augmentation(copies=synthetic_copies(known))
        source, seed = self._oracle.source, self._oracle.seed
        wider = with_unlabelled(self._task, source, others=False, augmentation=made, seed=seed)
        rng = np.random.default_rng((seed, _DISTILLING))
        inputs = joined([train.inputs, split_inputs(wider.pool)])
        labels = labeler.label(inputs, rng)
        sure = np.flatnonzero(~labels.is_abstained)
        steps = math.ceil(DISTIL_EPOCHS * len(sure) / self._oracle.spec.batch_size)
        examples = Examples(inputs[sure], labels.probabilities[sure])
        model = self.student(steps=steps).fit(examples, {}, rng)
        self._distilled = model.classifier.state_dict()

    def space(self, fixed: Sequence[Inputs]) -> RememberedSpace:
        """Make the space of the source network's sentence vectors; `fixed` is cached on disk."""
        oracle = self._oracle
        encoder = source_encoder(oracle.source, self.encoded.kept, oracle.device)
        space = NetworkSpace(encoder, self.tokens, self.threads, pause_unless(self._should_stop))
        return RememberedSpace(space, fixed, [oracle.source.digest, self.encoded.max_length])

    def word_space(self, fixed: Sequence[Inputs]) -> RememberedSpace:
        """Make the space of mean word vectors; word frequencies come from `fixed`."""
        table = self._oracle.words.numpy()[self.encoded.kept]
        space = WordSpace.fitted(table, self.tokens, joined(fixed))
        key = ["words", self._oracle.source.digest, self.encoded.max_length]
        return RememberedSpace(space, fixed, key)

    def words(self, texts: Sequence[Inputs]) -> WordTable:
        """Collect the single-token words in `texts`, with the source network's vectors."""
        rows = np.unique(np.concatenate([self.tokens(part).flat for part in texts]))
        ids = self.encoded.kept[rows]
        tokenizer = load_tokenizer(self._oracle.source.folder)
        named = [(tokenizer.id_to_token(number), number) for number in ids.tolist()]
        words = [(word, number) for word, number in named if is_word(word)]
        places = np.array([number for _, number in words], dtype=np.int64)
        return WordTable([word for word, _ in words], self._oracle.words.numpy()[places])

    def labeler(self) -> NetworkLabeler:
        """Turn the teacher into a labeler that reuses its answers to the task's own texts."""
        return NetworkLabeler(self._task.class_names, self._teacher_logits, self._known())

    def _built(self, seed: int) -> Any:
        candidate = build_candidate(
            self._space,
            self._architecture,
            self.encoded,
            classes=len(self._task.class_names),
            initialise=self._oracle.spec.initialise,
            donor=self._oracle.donor,
            seed=seed,
        )
        if self._distilled is not None:
            candidate.model.load_state_dict(self._distilled)
        return candidate.model.to(self._oracle.device)

    def _known(self) -> dict[Value, Float32Array]:
        known: dict[Value, Float32Array] = {}
        for name in VISIBLE:
            inputs = split_inputs(getattr(self._task, name))
            if len(inputs):
                known.update(zip(as_values(inputs), self.teacher_logits[name], strict=True))
        return known

    def _teacher_logits(self, inputs: Inputs) -> Float32Array:
        """Compute the teacher's logits; load it on first use."""
        if self._live is None:
            self._live = self._read_teacher()
        with training_threads(self.threads):
            return self._live(inputs)

    def _read_teacher(self) -> Logits:
        teacher = self._oracle.teacher
        if teacher.is_source:
            answer = answer_of(teacher, self._oracle.teacher_context(self._task, self.encoded))
            return lambda inputs: answer(whole_texts(inputs), self.tokens(inputs))
        model = load_classifier(teacher.folder, teacher.name).to(self._oracle.device)
        outputs = labels_of(read_config(teacher.folder, teacher.name))
        order = label_order(outputs, self._task.class_names, teacher.name)
        tokens, pause = _own_tokens(model, teacher.folder), pause_unless(self._should_stop)
        return lambda inputs: predict(model, tokens(inputs), padding=tokens.padding, pause=pause)[
            :, order
        ]


def _own_tokens(model: Any, folder: Path) -> TextTokens:
    """Make the tokens for a classifier with its own tokenizer and vocabulary."""
    vocabulary = len(model.get_input_embeddings().weight)
    # RoBERTa and its relatives start numbering positions after the padding id, so two are lost.
    positions = getattr(model.config, "max_position_embeddings", LONGEST + 2) - 2
    padding = getattr(model.config, "pad_token_id", None)
    model.config.pad_token_id = padding or 0  # without one, GPT-2 reads one text at a time
    return TextTokens(
        folder,
        kept=np.arange(vocabulary),
        padding=padding or 0,
        max_length=min(LONGEST, positions, getattr(model.config, READS, LONGEST)),
    )
