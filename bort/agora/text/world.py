"""A run on texts, ready to start: the loop's task, and its parts, chosen by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bort.agora.loop import (
    AgoraTask,
    Examples,
    Inputs,
    Labeler,
    Model,
    Parts,
    Round,
    as_inputs,
    training_set,
)
from bort.agora.loop.labelers import CarefulLabeler
from bort.agora.loop.values import BoolArray, FloatArray, joined
from bort.agora.text.data import NearDuplicateGuard, split_inputs
from bort.agora.text.labelers import linear_probe, sklearn_labeler
from bort.agora.text.networks import Networks
from bort.agora.text.samplers import Proposers
from bort.agora.text.spaces import RememberedSpace, usual_radius
from bort.agora.text.spec import options_of
from bort.agora.text.student import TextModel
from bort.agora.world import Observer, World
from bort.core.agora import PROBE, SKLEARN, STUDENT, WORDS, TextSpec
from bort.core.errors import InvalidOptionError
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.core.serialise import to_json
from bort.tasks import Task
from bort.training.execution import ShouldStop, training_threads


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TextWorld(World):
    """A run on texts.

    Attributes:
        pool: unlabelled inputs; may be empty.
        space: the source network's sentence vectors, or means of its word vectors.
        networks: the source network, the teacher, the students.
        proposers: the samplers by name, to compare them.
    """

    pool: Inputs
    space: RememberedSpace
    networks: Networks
    proposers: Proposers

    @property
    def teacher_wrong(self) -> BoolArray:
        """Mark the audit items that the teacher gets wrong, shape (items,). Only for reports."""
        answers = self.networks.teacher_logits["audit"].argmax(axis=1)
        wrong: BoolArray = answers != self.audit.labels
        return wrong

    def map_vectors(self, inputs: Inputs) -> FloatArray:
        """Return the vectors for a map of `inputs`; does not affect the run."""
        return self.space.peek(inputs)

    def describe(self) -> dict[str, Any]:
        """Return what the results depend on, ready for JSON."""
        return {
            **to_json(self.networks.describe()),
            "class_names": list(self.task.class_names),
            "radius": self.options.radius,
            "coverage_radius": self.observer.radius,
            "pool": len(self.pool),
        }

    def recall(self, rounds: Sequence[Round]) -> None:
        """Recompute the vectors of stored rounds with the same calls as the run that stored them.

        After that, this run continues with the same bits.
        """
        for number, r in enumerate(rounds):
            if self.parts.in_space_of is not None:  # only the observer uses this space
                self.space(training_set(self.task.train, rounds[:number]).inputs)
            elif r.points:
                self.space(as_inputs([point.value for point in r.points]))


def text_world(
    spec: TextSpec,
    task: Task,
    *,
    on_step: OnStep = ignore,
    should_stop: ShouldStop | None = None,
) -> TextWorld:
    """Load networks, tokenise texts, choose parts.

    Args:
        task: the task with its pool, from `bort.agora.text.data`.
        on_step: called with each step of progress.
        should_stop: called at every step; if it returns true, `TrainingStoppedError` is raised.
    Raises:
        BortError: data, source network, labeler or device cannot be used.
    Cost: the first run on a task fine-tunes its teacher (half a minute for 500 texts on two idle
        cores) and computes all texts' vectors (20 s for 9,000). Later runs take a few seconds.
    """
    networks = Networks(spec, task, on_step=on_step, should_stop=should_stop)
    with training_threads(networks.threads):
        if spec.representation != WORDS or spec.labeler == PROBE:
            on_step(Progress(stage=Stage.READING_VECTORS))
        return _assembled(spec, task, networks, on_step)


def _assembled(spec: TextSpec, task: Task, networks: Networks, on_step: OnStep) -> TextWorld:
    train, dev, audit = (
        Examples.of(split_inputs(split), split.labels, len(task.class_names))
        for split in (task.train, task.dev, task.audit)
    )
    pool = split_inputs(task.pool)
    visible = [train.inputs, dev.inputs, pool]
    is_words = spec.representation == WORDS
    represent = networks.word_space(visible) if is_words else networks.space(visible)
    usual = usual_radius(represent(dev.inputs), represent(joined([train.inputs, pool])))
    guard = NearDuplicateGuard(audit.inputs, dev.inputs)
    proposers = Proposers(networks.tokens, networks.words(visible), train.inputs, pool)
    labeler = _labeler(spec, task, train, networks, visible)
    if spec.distilled:
        on_step(Progress(stage=Stage.DISTIL, subject=spec.architecture))
        networks.distil(labeler, train)
    parts = Parts(
        student=networks.student(steps=spec.training.fixed_steps),
        labeler=labeler,
        represent=represent,
        sampler=proposers.sampler(spec.sampler, represent),
        guard=guard,
        closing=None if spec.closing_steps is None else networks.student(steps=spec.closing_steps),
    )
    radius = usual
    if spec.representation == STUDENT:
        parts = replace(parts, in_space_of=_follower(parts, proposers, spec.sampler, dev.inputs))
        radius = 1.0
    return TextWorld(
        task=AgoraTask(task.class_names, train, dev),
        audit=audit,
        pool=pool,
        parts=parts,
        options=options_of(spec, radius=radius if spec.radius is None else spec.radius),
        space=represent,
        observer=Observer(
            audit=audit,
            represent=represent,
            to_cover=joined([dev.inputs, pool]),
            radius=usual,
            dimension=1,
            is_near_dev=guard.is_near_dev,
        ),
        minutes=spec.minutes,
        warnings=task.warnings,
        networks=networks,
        proposers=proposers,
    )


def _follower(
    parts: Parts, proposers: Proposers, sampler: str, dev: Inputs
) -> Callable[[Model], Parts]:
    """Move the parts into the student's space, in units of its usual radius."""

    def follow(model: Model) -> Parts:
        if not isinstance(model, TextModel):
            raise InvalidOptionError("only a text model has its own sentence vectors")
        unit = usual_radius(model.represent(dev), model.represent(proposers.items))

        def represent(inputs: Inputs) -> FloatArray:
            return model.represent(inputs) / unit

        return replace(parts, represent=represent, sampler=proposers.sampler(sampler, represent))

    return follow


def _labeler(
    spec: TextSpec, task: Task, train: Examples, networks: Networks, visible: Sequence[Inputs]
) -> Labeler:
    labeler: Labeler
    if spec.labeler == PROBE:
        labeler = linear_probe(task.class_names, train, networks.space(visible))
    elif spec.labeler.startswith(SKLEARN):
        name = spec.labeler.removeprefix(SKLEARN)
        labeler = sklearn_labeler(name, task.class_names, train, seed=spec.seed)
    else:
        labeler = networks.labeler()
    return CarefulLabeler(
        labeler,
        temperature=spec.temperature,
        threshold=spec.threshold,
        is_hard=spec.hard_labels,
    )
