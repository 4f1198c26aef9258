"""The loop with formula parts: its laws, its budgets, and what it never does."""

from dataclasses import replace

import numpy as np
import pytest
from agora_parts import (
    NAMES,
    CountingLabeler,
    NearestStudent,
    StepSampler,
    line,
    line_task,
    options,
    parts,
    rounds_of,
    through_json,
    truth,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.agora.loop import (
    AgoraTask,
    Ending,
    Examples,
    Labels,
    Proposals,
    Verdict,
    agora,
    corrected,
    error_rate,
    provenance,
    training_set,
)
from bort.agora.loop.samplers import Pool, RetrievalSampler
from bort.core.errors import InvalidDataError, InvalidModelError, InvalidOptionError

SETTINGS = ({"flip": 0.3}, {"flip": 0.0}, {"flip": 0.1})


def test_errors_fall_and_points_add_up() -> None:
    task = line_task()
    steps = list(agora(task, parts(), options(rounds=2, patience=None)))
    rounds = [step.round for step in steps]
    assert rounds[-1].dev_error.wrong < rounds[0].dev_error.wrong
    size = len(task.train)
    for step in steps:
        r = step.round
        assert r.train_size == size == len(step.examples)
        assert r.errors_found == r.dev_error.wrong
        assert r.proposed == len(r.accepted) + sum(r.refused.values())
        assert error_rate(step.model.predict(task.dev.inputs), task.dev.labels) == r.dev_error
        size += len(r.accepted)
    assert rounds[-1].ending is Ending.ROUNDS
    assert rounds[-1].proposed == 0
    assert all(r.ending is None for r in rounds[:-1])


def test_points_lie_near_a_dev_error_of_their_round() -> None:
    task = line_task()
    for r in rounds_of(task, parts(sampler=StepSampler(reach=2.0)), options()):
        assert {p.parent for p in r.points} <= set(r.wrong_dev)
        for point in r.points:
            distance = abs(point.value[0] - task.dev.inputs[point.parent, 0])
            assert point.distance == pytest.approx(distance)
            assert (distance <= 0.3 * (1 + 1e-9)) == (point.verdict != Verdict.OUTSIDE_RADIUS)
            assert (point.label is None) == (point.student_before is None)


@settings(max_examples=25, deadline=None)
@given(
    cut=st.integers(0, 6),
    seed=st.integers(0, 50),
    replays=st.integers(0, 2),
    points=st.sampled_from([None, 5, 40]),
    limit=st.sampled_from([1.5, np.inf]),
)
def test_resuming_after_any_round_changes_nothing(
    cut: int, seed: int, replays: int, points: int | None, limit: float
) -> None:
    task = line_task(dev=30)
    chosen = options(
        seed=seed,
        rounds=5,
        replays=replays,
        points=points,
        hyperparameter_sets=SETTINGS,
        patience=4,
    )
    first = parts(labeler=CountingLabeler(limit), student=NearestStudent())
    whole = rounds_of(task, first, chosen)
    done = through_json(whole[:cut])
    again = parts(labeler=CountingLabeler(limit), student=NearestStudent())
    rest = rounds_of(task, again, chosen, done=done)
    assert done + rest == whole
    asked = first.labeler.asked
    assert len(asked) == len(set(asked)), "a point was labelled twice"


def test_the_loop_does_not_touch_global_randomness_or_its_inputs() -> None:
    task = line_task()
    before = [task.train.inputs.copy(), task.dev.inputs.copy(), np.random.get_state()[1].copy()]  # noqa: NPY002
    rounds_of(task, parts(), options())
    after = [task.train.inputs, task.dev.inputs, np.random.get_state()[1]]  # noqa: NPY002
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@given(dropped=st.integers(0, 3), count=st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_each_round_drops_the_worst_sets(dropped: int, count: int) -> None:
    sets = tuple({"flip": 0.1 * k} for k in range(count))
    rounds = rounds_of(
        line_task(),
        parts(),
        options(hyperparameter_sets=sets, dropped_per_round=dropped, patience=None),
    )
    alive = tuple(range(count))
    for r in rounds:
        errors = dict(r.setting_errors)
        assert tuple(errors) == alive
        assert r.dev_error.rate == errors[r.setting] == min(errors.values())
        assert len(r.surviving) == max(1, len(alive) - dropped)
        assert set(r.surviving) <= set(alive)
        gone = set(alive) - set(r.surviving)
        assert all(errors[k] <= errors[g] for k in r.surviving for g in gone)
        assert r.setting in r.surviving
        alive = r.surviving


@pytest.mark.parametrize("budget", [0, 1, 7])
def test_points_never_exceed_their_budget(budget: int) -> None:
    rounds = rounds_of(line_task(), parts(), options(points=budget, rounds=9, patience=None))
    assert sum(len(r.accepted) for r in rounds) == budget
    assert rounds[-1].ending is Ending.POINTS
    if budget:
        assert sum(r.refused.get(Verdict.BUDGET, 0) for r in rounds) > 0


def test_proposals_per_round_are_shared_among_the_errors() -> None:
    first = rounds_of(line_task(), parts(), options(points_per_round=10, points_per_error=3))[0]
    assert first.proposed == 10
    assert len({p.parent for p in first.points}) == min(10, first.errors_found)


def test_time_ends_a_run_after_a_whole_round() -> None:
    asked = iter([False, True])
    rounds = rounds_of(line_task(), parts(), options(), is_out_of_time=lambda: next(asked))
    assert [r.ending for r in rounds] == [None, Ending.TIME]


def test_no_progress_ends_a_run_by_the_dev_split_alone() -> None:
    far = parts(sampler=StepSampler(reach=5.0), labeler=CountingLabeler(limit=-1.0))
    rounds = rounds_of(line_task(), far, options(rounds=50, patience=3))
    assert rounds[-1].ending is Ending.NO_PROGRESS
    assert len(rounds) == 4


def test_a_dev_set_without_errors_ends_well() -> None:
    task = line_task()
    easy = replace(task, dev=task.train)
    (only,) = rounds_of(easy, parts(), options())
    assert (only.ending, only.errors_found, only.proposed) == (Ending.NO_ERRORS, 0, 0)


def test_what_the_guard_refuses_is_reported_and_not_used() -> None:
    audit = line(200, 2)
    leaked = audit.inputs[:50]

    def guard(inputs):
        known = {tuple(row) for row in audit.inputs.tolist()}
        return [Verdict.NEAR_AUDIT if tuple(row) in known else None for row in inputs.tolist()]

    represent = np.asarray
    guarded = parts(
        sampler=RetrievalSampler(Pool(leaked, leaked), represent, choices=1), guard=guard
    )
    steps = list(agora(line_task(), guarded, options(rounds=3)))
    assert steps[0].round.refused == {"near-audit": steps[0].round.proposed}
    assert steps[0].round.proposed > 0
    assert guarded.labeler.asked == []
    assert len(steps[-1].examples) == 4


def test_an_abstaining_labeler_is_reported() -> None:
    first = rounds_of(line_task(), parts(labeler=CountingLabeler(limit=1.0)), options())[0]
    assert first.refused[Verdict.ABSTAINED] > 0
    assert all(abs(p.value[0]) <= 1.0 for p in first.accepted)


class HarmfulOnce:
    """Labels the first batch wrong, later ones right."""

    class_names = NAMES

    def __init__(self) -> None:
        self.calls = 0

    def label(self, inputs, rng):
        self.calls += 1
        answer = CountingLabeler().label(inputs, rng)
        return answer if self.calls > 1 else replace(answer, probabilities=1 - answer.probabilities)


def test_a_round_that_harmed_is_done_anew() -> None:
    task = line_task()
    wide = StepSampler(reach=1.0)
    chosen = options(radius=2.0, replays=1, rounds=3, patience=None)
    rounds = rounds_of(task, parts(labeler=HarmfulOnce(), sampler=wide), chosen)
    assert rounds[1].dev_error.wrong > rounds[0].dev_error.wrong
    assert rounds[1].replayed == 0
    assert {p.parent for p in rounds[1].points} <= set(rounds[0].wrong_dev)
    assert rounds[2].train_size == len(task.train) + len(rounds[1].accepted)
    assert rounds[2].dev_error.wrong < rounds[1].dev_error.wrong
    assert all(row.is_withdrawn == (row.round == 0) for row in provenance(rounds))


def test_no_replay_without_permission() -> None:
    chosen = options(radius=2.0, replays=0, rounds=2, patience=None)
    rounds = rounds_of(line_task(), parts(labeler=HarmfulOnce()), chosen)
    assert rounds[1].dev_error.wrong > rounds[0].dev_error.wrong
    assert all(r.replayed is None for r in rounds)


def test_provenance_tells_before_and_after() -> None:
    task = line_task()
    steps = list(agora(task, parts(), options()))
    rows = provenance([step.round for step in steps])
    assert len(rows) == sum(step.round.proposed for step in steps)
    for row in rows:
        if row.point.is_accepted:
            value = np.array([row.point.value])
            assert row.point.student_before == steps[row.round].model.predict(value)[0]
            assert row.student_after == steps[row.round + 1].model.predict(value)[0]
        else:
            assert row.student_after is None


def test_a_person_rejects_and_relabels_and_replays() -> None:
    task = line_task()
    rounds = rounds_of(task, parts(), options())
    places = [k for k, p in enumerate(rounds[0].points) if p.is_accepted][:2]
    changed = corrected(rounds, {(0, places[0]): None, (0, places[1]): 0}, class_count=2)
    assert len(changed) == 1
    examples = training_set(task.train, changed)
    assert len(examples) == len(training_set(task.train, rounds[:1])) - 1
    rejected = rounds[0].points[places[0]].value
    relabelled = rounds[0].points[places[1]].value
    values = [tuple(row) for row in examples.inputs.tolist()]
    assert rejected not in values
    assert examples.labels[values.index(relabelled)] == 0
    replayed = rounds_of(task, parts(), options(), done=changed)
    assert [r.number for r in replayed] == list(range(1, len(replayed) + 1))
    assert all(rejected != p.value or not p.is_accepted for r in replayed for p in r.points)


def test_answers_stay_with_their_points_when_two_rounds_are_corrected() -> None:
    rounds = rounds_of(line_task(), parts(), options())
    first, *_ = [k for k, p in enumerate(rounds[0].points) if p.is_accepted]
    later = next(k for k, p in enumerate(rounds[1].points) if p.is_accepted)
    before = {(r.round, r.position): r.student_after for r in provenance(rounds[:2])}
    changed = corrected(rounds, {(0, first): None, (1, later): None}, class_count=2)
    kept = [row for row in provenance(changed) if row.round == 0 and row.point.is_accepted]
    assert kept
    for row in kept:
        assert row.student_after == before[0, row.position]
    assert len(changed[1].after) == len(changed[0].accepted)


@pytest.mark.parametrize(
    ("place", "label", "message"),
    [((9, 0), None, "no point"), ((0, 10_000), 1, "no point"), ((0, 0), 7, "no class 7")],
)
def test_corrections_that_make_no_sense(place, label, message: str) -> None:
    rounds = rounds_of(line_task(), parts(), options())
    with pytest.raises(InvalidDataError, match=message):
        corrected(rounds, {place: label}, class_count=2)


def test_a_refused_point_cannot_be_labelled() -> None:
    rounds = rounds_of(line_task(), parts(sampler=StepSampler(reach=5.0)), options())
    place = next(k for k, p in enumerate(rounds[0].points) if p.verdict == Verdict.OUTSIDE_RADIUS)
    with pytest.raises(InvalidDataError, match="outside-radius"):
        corrected(rounds, {(0, place): 1}, class_count=2)


class EmptySampler:
    name = "nothing"

    def sample_near(self, points, radius, rng, *, known=frozenset()):
        return Proposals(points[:0], np.empty(0, dtype=np.int64), ())


def test_nothing_to_propose_ends_a_run() -> None:
    (only,) = rounds_of(line_task(), parts(sampler=EmptySampler()), options())
    assert only.ending is Ending.NO_PROPOSALS


def test_a_huge_radius_is_random_augmentation() -> None:
    rounds = rounds_of(line_task(), parts(), options(radius=1e6))
    assert all(np.isfinite(p.distance) for r in rounds for p in r.points)
    assert rounds[-1].ending is not None


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf])
def test_a_radius_without_meaning(radius: float) -> None:
    with pytest.raises(InvalidOptionError, match="radius"):
        options(radius=radius)


@pytest.mark.parametrize(
    "change",
    [
        {"rounds": -1},
        {"points": -1},
        {"patience": 0},
        {"points_per_error": 0},
        {"hyperparameter_sets": ()},
    ],
)
def test_options_out_of_range(change) -> None:
    with pytest.raises(InvalidOptionError):
        options(**change)


def test_a_task_without_dev_or_with_one_class() -> None:
    train, dev = line_task().train, line_task().dev
    nothing = Examples.of(np.empty((0, 1)), [], 2)
    with pytest.raises(InvalidDataError, match="no dev set"):
        AgoraTask(NAMES, train, nothing)
    with pytest.raises(InvalidDataError, match="no training"):
        AgoraTask(NAMES, nothing, dev)
    below = Examples.of(np.array([[-1.0], [-2.0]]), [0, 0], 2)
    with pytest.raises(InvalidDataError, match="'below'"):
        AgoraTask(NAMES, below, dev)


def test_a_labeler_with_other_classes() -> None:
    other = CountingLabeler(class_names=("above", "below"))
    with pytest.raises(InvalidModelError, match="above, below"):
        rounds_of(line_task(), parts(labeler=other), options())


def test_rounds_out_of_order_are_no_history() -> None:
    rounds = rounds_of(line_task(), parts(), options())
    with pytest.raises(InvalidOptionError, match=r"\[1\]"):
        rounds_of(line_task(), parts(), options(), done=rounds[1:2])


def test_a_finished_run_yields_nothing_more() -> None:
    rounds = rounds_of(line_task(), parts(), options())
    assert rounds_of(line_task(), parts(), options(), done=rounds) == []


def test_truth_is_where_the_tests_say() -> None:
    assert truth(np.array([[-1.0], [1.0], [2.5]])).tolist() == [0, 1, 0]


def test_only_errors_that_the_labeler_gets_right_are_sampled_near() -> None:
    task = line_task()

    class HalfBlind(CountingLabeler):
        def label(self, inputs, rng):
            answer = super().label(inputs, rng)
            wrong = inputs[:, 0] > 1.0  # answers wrong there
            flipped = np.where(wrong[:, None], 1 - answer.probabilities, answer.probabilities)
            return Labels(flipped, answer.is_abstained)

    rounds = rounds_of(task, parts(labeler=HalfBlind()), options(trusted_only=True))
    parents = {p.parent for p in rounds[0].points}
    assert parents
    assert all(task.dev.inputs[parent, 0] <= 1.0 for parent in parents)
    assert any(task.dev.inputs[k, 0] > 1.0 for k in rounds[0].wrong_dev)


def test_the_last_student_is_trained_once_more() -> None:
    task = line_task()

    class Perfect:
        def fit(self, examples, hyperparameters, rng):
            return self

        def predict(self, inputs):
            return truth(inputs)

    closed = rounds_of(task, parts(closing=Perfect()), options())
    plain = rounds_of(task, parts(), options())
    assert closed[:-1] == plain[:-1]
    assert (closed[-1].dev_error.wrong, closed[-1].wrong_dev) == (0, ())
    assert closed[-1].ending == plain[-1].ending
