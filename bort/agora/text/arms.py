"""The arms of a comparison: plain training, random augmentation, Agora; same student, same steps.

[ours] All arms have the same student, the same initial weights for a seed, the same labelled texts,
the same hyperparameter sets, and the same total of optimiser steps. Agora spends its steps on the
trainings of its rounds. The other arms spend as many on one training per hyperparameter set, and
keep the one with the lowest dev error. Random augmentation adds exactly as many points as Agora,
with the same labeler and guard: random pool texts, or, without a pool, edits of random training
texts. Random augmentation with twice as many points shows whether one of Agora's points is worth
two random ones.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bort.agora.loop import Examples, Inputs, Model, Round, Verdict, agora, error_rate, training_set
from bort.agora.loop.history import added_points, known_identities, withdrawn
from bort.agora.loop.parts import Known
from bort.agora.loop.values import identities, joined
from bort.agora.text.findings import ArmResult, packed
from bort.agora.text.spec import AGORA, ARMS, DOUBLE, HALF, PLAIN, RANDOM
from bort.agora.text.world import TextWorld
from bort.core.agora import TextSpec

_RANDOM, _FITTING = 11, 12  # streams of randomness of an arm


class Arms:
    """Runs the arms for one seed. Each arm can be reproduced on its own.

    Args:
        world: the run's world; its seed matters only for a distilled start, which all arms share.
        spec: describes Agora's arm.
        seed: the seed of all arms.
    """

    def __init__(self, world: TextWorld, spec: TextSpec, seed: int) -> None:
        self._world, self._spec, self.seed = world, replace(spec, seed=seed), seed
        self._options = replace(world.options, seed=seed)

    def missing(
        self, done: Mapping[str, ArmResult], *, arms: Sequence[str] = ARMS
    ) -> Iterator[list[ArmResult]]:
        """Run the arms that are not done yet. Agora's arm is always run.

        Args:
            done: this seed's results by arm.
            arms: the arms to run.
        Yields:
            Results that belong together: store all of them or none.
        """
        found = {arm: (row.steps, row.added) for arm, row in done.items()}
        if not {AGORA, *(a for a in arms if a == AGORA + HALF)} <= found.keys():
            self._world.space.forget()
            whole, rounds = self.agora()
            found[AGORA] = (whole.steps, whole.added)
            yield [whole, *([self.agora_half(rounds)] if AGORA + HALF in arms else [])]
        steps, added = found[AGORA]
        others: dict[str, Callable[[], ArmResult]] = {
            PLAIN: lambda: self.plain(steps),
            RANDOM: lambda: self.random(steps, added),
            RANDOM + HALF: lambda: self.random(steps, added // 2, arm=RANDOM + HALF),
            RANDOM + DOUBLE: lambda: self.random(steps, 2 * added, arm=RANDOM + DOUBLE),
        }
        for arm, run in others.items():
            if arm in arms and arm not in found:
                self._world.space.forget()  # an arm must not depend on what ran before it
                yield [run()]

    def agora(self) -> tuple[ArmResult, list[Round]]:
        """Run Agora; return its result and its rounds."""
        began = time.monotonic()
        rounds: list[Round] = []
        curve: list[tuple[int, float]] = []
        for step in agora(self._world.task, self._world.parts, self._options):
            added = len(step.examples) - len(self._world.task.train)
            rounds.append(step.round)
            curve.append((added, self._audit_error(step.model)))
            model = step.model
        result = self._result(AGORA, model, added, self.steps_of(rounds), began)
        return replace(result, curve=tuple(curve)), rounds

    def agora_half(self, rounds: Sequence[Round]) -> ArmResult:
        """Train a student on the first half of Agora's points.

        It trains for the steps that are left after the rounds that found these points.
        """
        began = time.monotonic()
        points = added_points(rounds)
        count = len(points) // 2
        needed, found = 0, 0
        gone = withdrawn(rounds)
        while found < count:
            found += 0 if rounds[needed].number in gone else len(rounds[needed].accepted)
            needed += 1
        kept = replace(rounds[0], points=points[:count], replayed=None)
        examples = training_set(self._world.task.train, [kept])
        total = self.steps_of(rounds)
        left = total - self._trainings(rounds[:needed]) * self._spec.training.fixed_steps
        model = self._fit(examples, left, sets=[rounds[-1].setting])
        return self._result(AGORA + HALF, model, count, total, began)

    def plain(self, steps: int) -> ArmResult:
        """Train on the labelled texts alone."""
        began = time.monotonic()
        model = self._fit(self._world.task.train, steps)
        return self._result(PLAIN, model, 0, steps, began)

    def random(self, steps: int, count: int, *, arm: str = RANDOM) -> ArmResult:
        """Add `count` random points, or fewer if there are not enough."""
        began = time.monotonic()
        examples = train = self._world.task.train
        if count:  # Agora may have added none
            added = self._random_points(count)
            examples = Examples(
                joined([train.inputs, added.inputs]),
                np.concatenate([train.probabilities, added.probabilities]),
            )
        added_count = len(examples) - len(train)
        return self._result(arm, self._fit(examples, steps), added_count, steps, began)

    def steps_of(self, rounds: Sequence[Round]) -> int:
        """Count all optimiser steps of a run."""
        closing = self._spec.closing_steps or 0
        return self._trainings(rounds) * self._spec.training.fixed_steps + closing

    def _trainings(self, rounds: Sequence[Round]) -> int:
        return sum(len(r.setting_errors) for r in rounds)

    def _fit(self, examples: Examples, steps: int, *, sets: Sequence[int] = ()) -> Model:
        """Train once per hyperparameter set, `steps` in total; return the best on dev."""
        world = self._world
        numbers = list(sets) or list(range(len(self._options.hyperparameter_sets)))
        student = world.networks.student(steps=max(1, steps // len(numbers)))
        models = [
            student.fit(
                examples,
                self._options.hyperparameter_sets[number],
                np.random.default_rng((self.seed, _FITTING, number)),
            )
            for number in numbers
        ]
        dev = world.task.dev
        errors = [error_rate(m.predict(dev.inputs), dev.labels).wrong for m in models]
        return models[int(np.argmin(errors))]

    def _random_points(self, count: int) -> Examples:
        """Draw random points that pass the guard, and label them."""
        world, rng = self._world, np.random.default_rng((self.seed, _RANDOM))
        known = known_identities(world.task.train, ())
        inputs = world.pool[rng.permutation(len(world.pool))]
        found: list[Examples] = []
        left = count
        while left > 0:
            if not len(world.pool):
                inputs = self._random_edits(left, rng)
            passed = _new(inputs, known, world.parts.guard(inputs))
            labels = world.parts.labeler.label(passed, rng)
            sure = np.flatnonzero(~labels.is_abstained)[:left]
            found.append(Examples(passed[sure], labels.probabilities[sure]))
            known |= set(identities(passed))
            left -= len(sure)
            if len(world.pool) or not len(passed):
                break
        return Examples(
            joined([part.inputs for part in found]),
            np.concatenate([part.probabilities for part in found]),
        )

    def _random_edits(self, count: int, rng: np.random.Generator) -> Inputs:
        """Edit random training texts; keep edits within the run's radius."""
        world = self._world
        train = world.task.train.inputs
        parents = train[rng.integers(0, len(train), size=count)]
        sampler = world.proposers.sampler("edits", world.parts.represent)
        made = sampler.sample_near(parents, self._options.radius, rng)
        steps = world.parts.represent(made.inputs) - world.parts.represent(parents)[made.parents]
        near: Inputs = made.inputs[np.linalg.norm(steps, axis=1) <= self._options.radius]
        return near

    def _audit_error(self, model: Model) -> float:
        audit = self._world.audit
        return error_rate(model.predict(audit.inputs), audit.labels).rate

    def _result(self, arm: str, model: Model, added: int, steps: int, began: float) -> ArmResult:
        dev, audit = self._world.task.dev, self._world.audit
        wrong = model.predict(audit.inputs) != audit.labels
        return ArmResult(
            arm=arm,
            seed=self.seed,
            added=added,
            steps=steps,
            dev_error=error_rate(model.predict(dev.inputs), dev.labels).rate,
            audit_error=float(np.mean(wrong)),
            wrong=packed(wrong),
            curve=(),
            seconds=time.monotonic() - began,
        )


def _new(inputs: Inputs, known: Known, reasons: Sequence[Verdict | None]) -> Inputs:
    """Keep the allowed, unknown inputs, each once."""
    earlier = set(known)
    kept: list[int] = []
    for place, (identity, reason) in enumerate(zip(identities(inputs), reasons, strict=True)):
        if reason is None and identity not in earlier:
            earlier.add(identity)
            kept.append(place)
    new: Inputs = inputs[np.array(kept, dtype=np.int64)]
    return new
