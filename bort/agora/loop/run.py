"""Agora's loop: train, find the dev errors, sample near them, label, add, repeat.

[source] The student is trained on the training set and applied to the dev set; new points are
sampled near those it gets wrong, in a chosen representation space; a second, trained model labels
them; they join the training set. Hyperparameter sets are trained, sorted and pruned each round.
[ours] Everything else: the guard, the budgets, the stopping rule, replay, provenance.

The loop never gets the audit split, so it cannot read it. The caller applies the models that the
loop yields to the audit split, and nothing flows back.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bort.agora.loop.history import (
    added_points,
    base_round,
    ending,
    known_identities,
    round_to_replay,
    training_set,
)
from bort.agora.loop.parts import AgoraOptions, AgoraTask, Labeler, Model, Parts
from bort.agora.loop.proposing import propose
from bort.agora.loop.rounds import Ending, Round
from bort.agora.loop.values import ErrorRate, Examples, IntArray, as_inputs, error_rate
from bort.core.errors import InvalidModelError, InvalidOptionError

_TRAINING, _SAMPLING, _CLOSING, _TRUSTING = range(4)  # streams of randomness of one round


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """A finished round and its student.

    Attributes:
        round: the record of the round; store it.
        model: the round's student, trained with its best hyperparameter set.
        examples: what the student was trained on.
    """

    round: Round
    model: Model
    examples: Examples


def agora(
    task: AgoraTask,
    parts: Parts,
    options: AgoraOptions,
    *,
    done: Sequence[Round] = (),
    is_out_of_time: Callable[[], bool] = lambda: False,
) -> Iterator[Step]:
    """Run Agora round by round. Stop iterating to stop the run; finished rounds stay valid.

    Args:
        done: the rounds of an earlier run of the same task, parts and options, as it yielded
            them. This run continues after them, with the same results as an uninterrupted run.
        is_out_of_time: called once per round, after training; if it returns true, the run ends.
    Yields:
        One step per round. The last round's `ending` says why the run ends. If that round is
        already in `done`, nothing is yielded.
    Raises:
        InvalidModelError: the labeler's classes are not the task's.
        InvalidOptionError: `done` is not a run's rounds 0, 1, 2, ...
    Cost: per round one training per surviving hyperparameter set (plus the closing one), one
    prediction on dev, and per proposal one representation and at most one labelling.
    """
    check_labeler(parts.labeler, task.class_names)
    rounds = list(done)
    if [r.number for r in rounds] != list(range(len(rounds))):
        raise InvalidOptionError(
            f"stored rounds must be numbered 0, 1, 2, ... in order, got "
            f"{[r.number for r in rounds]}"
        )
    while not rounds or rounds[-1].ending is None:
        step = _next_round(task, parts, options, rounds, is_out_of_time)
        rounds.append(step.round)
        yield step


def check_labeler(labeler: Labeler, class_names: Sequence[str]) -> None:
    """Check that a labeler has the task's classes.

    Raises:
        InvalidModelError: the names or their order differ.
    """
    if tuple(labeler.class_names) != tuple(class_names):
        raise InvalidModelError(
            f"the labeler's classes are {', '.join(labeler.class_names)}, but the task's are "
            f"{', '.join(class_names)}; use a labeler with the same classes in the same order"
        )


def _next_round(
    task: AgoraTask,
    parts: Parts,
    options: AgoraOptions,
    rounds: Sequence[Round],
    is_out_of_time: Callable[[], bool],
) -> Step:
    examples = training_set(task.train, rounds)
    trained, model = _train(task, parts, options, rounds, examples)
    why = ending(rounds, trained.dev_error, options, is_out_of_time=is_out_of_time())
    if why is not None:
        return _last_step(task, parts, options, rounds, trained, model, examples, why)
    trained = replace(trained, after=_judged(rounds, model))
    replayed = round_to_replay(rounds, trained.dev_error, options)
    trained = replace(trained, replayed=replayed)
    everything = [*rounds, trained]
    points = propose(
        task.dev.inputs,
        _sampled_near(task.dev, base_round(everything, trained), parts, options),
        parts if parts.in_space_of is None else parts.in_space_of(model),
        options,
        model=model,
        known=known_identities(task.train, rounds),
        points_left=_points_left(options, everything),
        rng=np.random.default_rng((options.seed, trained.number, _SAMPLING)),
    )
    if points:
        return Step(replace(trained, points=points), model, examples)
    why = Ending.NO_PROPOSALS
    return _last_step(task, parts, options, rounds, trained, model, examples, why)


def _train(
    task: AgoraTask,
    parts: Parts,
    options: AgoraOptions,
    rounds: Sequence[Round],
    examples: Examples,
) -> tuple[Round, Model]:
    """Train the surviving hyperparameter sets, keep the best student, drop the worst sets."""
    number = len(rounds)
    sets = rounds[-1].surviving if rounds else tuple(range(len(options.hyperparameter_sets)))
    answers: dict[int, tuple[ErrorRate, IntArray, Model]] = {}
    for theta in sets:
        rng = np.random.default_rng((options.seed, number, _TRAINING, theta))
        model = parts.student.fit(examples, options.hyperparameter_sets[theta], rng)
        predicted = model.predict(task.dev.inputs)
        answers[theta] = (error_rate(predicted, task.dev.labels), predicted, model)
    # The sort is stable: on a tie the earlier set ranks higher.
    ranking = sorted(sets, key=lambda theta: answers[theta][0].wrong)
    best = ranking[0]
    dev_error, predicted, model = answers[best]
    kept = ranking[: max(1, len(ranking) - options.dropped_per_round)]
    trained = Round(
        number=number,
        train_size=len(examples),
        setting=best,
        setting_errors=tuple((theta, answers[theta][0].rate) for theta in sets),
        surviving=tuple(sorted(kept)),
        dev_error=dev_error,
        wrong_dev=_wrong(task.dev, predicted),
    )
    return trained, model


def _sampled_near(
    dev: Examples, judged: Round, parts: Parts, options: AgoraOptions
) -> tuple[int, ...]:
    """Choose the dev errors that are worth sampling near."""
    errors = np.array(judged.wrong_dev, dtype=np.int64)
    if not options.trusted_only:
        return judged.wrong_dev
    rng = np.random.default_rng((options.seed, judged.number, _TRUSTING))
    labels = parts.labeler.label(dev.inputs[errors], rng)
    is_right = ~labels.is_abstained & (labels.classes == dev.labels[errors])
    return tuple(errors[is_right].tolist()) or judged.wrong_dev


def _last_step(
    task: AgoraTask,
    parts: Parts,
    options: AgoraOptions,
    rounds: Sequence[Round],
    trained: Round,
    model: Model,
    examples: Examples,
    why: Ending,
) -> Step:
    """End a run. If there is a `parts.closing`, it trains the student again with its best set."""
    if parts.closing is not None:
        rng = np.random.default_rng((options.seed, trained.number, _CLOSING))
        model = parts.closing.fit(examples, options.hyperparameter_sets[trained.setting], rng)
        predicted = model.predict(task.dev.inputs)
        trained = replace(
            trained,
            dev_error=error_rate(predicted, task.dev.labels),
            wrong_dev=_wrong(task.dev, predicted),
        )
    return Step(replace(trained, after=_judged(rounds, model), ending=why), model, examples)


def _wrong(dev: Examples, predicted: IntArray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(predicted != dev.labels).tolist())


def _judged(rounds: Sequence[Round], model: Model) -> tuple[int, ...]:
    """Predict the points that this student was the first to train on."""
    points = rounds[-1].accepted if rounds else ()
    if not points:
        return ()
    return tuple(model.predict(as_inputs([point.value for point in points])).tolist())


def _points_left(options: AgoraOptions, rounds: Sequence[Round]) -> int | None:
    if options.points is None:
        return None
    return options.points - len(added_points(rounds))
