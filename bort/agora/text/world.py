"""Everything about one run on texts: the task as the loop sees it, and the parts by their names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bort.agora.loop.history import training_set
from bort.agora.loop.labelers import CarefulLabeler
from bort.agora.loop.options import AgoraOptions
from bort.agora.loop.parts import Labeler, Model, Parts
from bort.agora.loop.rounds import Round
from bort.agora.loop.run import AgoraTask
from bort.agora.loop.summary import Observer
from bort.agora.loop.values import BoolArray, Examples, FloatArray, Inputs, as_inputs, joined
from bort.agora.text.classifiers import SKLEARN
from bort.agora.text.guard import NearDuplicateGuard
from bort.agora.text.inputs import split_inputs
from bort.agora.text.labelers import linear_probe, sklearn_labeler
from bort.agora.text.networks import Networks
from bort.agora.text.proposers import Proposers
from bort.agora.text.spaces import RememberedSpace, usual_radius
from bort.agora.text.spec import PROBE, STUDENT, WORDS, TextSpec
from bort.agora.text.student import TextModel
from bort.core.errors import InvalidOptionError
from bort.core.progress import OnStep, ignore
from bort.tasks import Task
from bort.training.execution import ShouldStop, training_threads


@dataclass(frozen=True, eq=False, slots=True)
class TextWorld:
    """One run's material; only `task`, `parts` and `options` are handed to the loop.

    Attributes:
        task: training and dev split.
        audit: what the loop never sees.
        pool: unlabelled inputs; may be empty.
        parts: student, labeler, representation, sampler, guard.
        options: with the radius in force.
        space: the source network's sentence vectors, or means of its word vectors.
        observer: tells what the loop does not look at.
        networks: the source network, the teacher, the students.
        proposers: the samplers by name, for whoever compares them.
    """

    task: AgoraTask
    audit: Examples
    pool: Inputs
    parts: Parts
    options: AgoraOptions
    space: RememberedSpace
    observer: Observer
    networks: Networks
    proposers: Proposers

    @property
    def teacher_wrong(self) -> BoolArray:
        """Shape (audit items,): what the teacher gets wrong. For reports; no part sees it."""
        answers = self.networks.teacher_logits["audit"].argmax(axis=1)
        wrong: BoolArray = answers != self.audit.labels
        return wrong

    def describe(self) -> dict[str, Any]:
        """What results rest on, ready for JSON."""
        return {
            **self.networks.describe(),
            "class_names": list(self.task.class_names),
            "radius": self.options.radius,
            "coverage_radius": self.observer.radius,
            "pool": len(self.pool),
        }

    def recall(self, rounds: Sequence[Round]) -> None:
        """Look at the points of stored rounds again, in the calls in which they were seen first.

        After that this run goes on with the very bits of the one that stored them.
        """
        for number, r in enumerate(rounds):
            if self.parts.in_space_of is not None:  # the loop looked elsewhere, the observer here
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
    """Load networks, read texts, choose parts.

    Args:
        task: with the pool in force, as `bort.agora.text.material` loads it.
        on_step: hears a step now and then.
        should_stop: asked at every step; True raises `TrainingStoppedError`.
    Raises:
        BortError: data, source network, labeler or device cannot be used.
    Cost: the first time on a task its teacher is fine-tuned (for 500 texts half a minute on two
        quiet cores) and all texts get their vectors (20 s for 9,000); a few seconds after that.
    """
    networks = Networks(spec, task, on_step=on_step, should_stop=should_stop)
    with training_threads(networks.threads):
        return _assembled(spec, task, networks)


def _assembled(spec: TextSpec, task: Task, networks: Networks) -> TextWorld:
    train, dev, audit = (
        Examples.of(split_inputs(split), split.labels, len(task.class_names))
        for split in (task.train, task.dev, task.audit)
    )
    pool = split_inputs(task.pool)
    seen = [train.inputs, dev.inputs, pool]
    represent = networks.word_space(seen) if spec.representation == WORDS else networks.space(seen)
    usual = usual_radius(represent(dev.inputs), represent(joined([train.inputs, pool])))
    guard = NearDuplicateGuard(audit.inputs, dev.inputs)
    proposers = Proposers(networks.tokens, networks.words(seen), train.inputs, pool)
    parts = Parts(
        student=networks.student(steps=spec.training.steps),
        labeler=_labeler(spec, task, train, networks, seen),
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
        options=spec.options(radius=radius if spec.radius is None else spec.radius),
        space=represent,
        observer=Observer(
            audit=audit,
            represent=represent,
            to_cover=joined([dev.inputs, pool]),
            radius=usual,
            dimension=1,
            is_near_dev=guard.is_near_dev,
        ),
        networks=networks,
        proposers=proposers,
    )


def _follower(
    parts: Parts, proposers: Proposers, sampler: str, dev: Inputs
) -> Callable[[Model], Parts]:
    """The parts in the space of the student at hand, in units of its own usual radius."""

    def follow(model: Model) -> Parts:
        if not isinstance(model, TextModel):
            raise InvalidOptionError("only a text model has sentence vectors of its own")
        unit = usual_radius(model.represent(dev), model.represent(proposers.items))

        def represent(inputs: Inputs) -> FloatArray:
            return model.represent(inputs) / unit

        return replace(parts, represent=represent, sampler=proposers.sampler(sampler, represent))

    return follow


def _labeler(
    spec: TextSpec, task: Task, train: Examples, networks: Networks, seen: Sequence[Inputs]
) -> Labeler:
    labeler: Labeler
    if spec.labeler == PROBE:
        labeler = linear_probe(task.class_names, train, networks.space(seen))
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
