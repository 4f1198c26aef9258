"""Several evaluations at once: the same search whatever the order in which they are done."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bort.core.errors import InvalidOptionError
from bort.core.question import Goal, Question
from bort.search import Ending, Observation, SearchProblem, certified_search, parallel_search, solve
from bort.search.check.certificate import certificate_of
from bort.search.check.verify import verify
from bort.search.state import SearchState
from tests.search.search_cases import Case, bert_like, is_covered, mixed_case, random_case

CASE = bert_like(noise=0.05)


class Trainer:
    """Trains in any order: a result is there when it is asked for, or before, as `early` says."""

    def __init__(self, case: Case, *, early: int | None = None) -> None:
        self.case = case
        self.rng = None if early is None else np.random.default_rng(early)
        self.picks: list[int] = []
        self.most = 0
        self.running: set[int] = set()
        self.done: dict[int, Observation] = {}

    def begin(self, index: int):
        self.picks.append(index)
        self.running.add(index)
        self.most = max(self.most, len(self.running))
        if self.rng is not None and self.rng.random() < 0.5:
            self.finish(int(self.rng.choice(sorted(self.running))))
        return lambda: self.result(index)

    def finish(self, index: int) -> None:
        self.running.remove(index)
        self.done[index] = self.case.evaluate(index)

    def result(self, index: int) -> Observation:
        if index not in self.done:
            self.finish(index)
        return self.done[index]


def searched(case: Case, question: Question, at_once: int, *, early=None, **options):
    trainer = Trainer(case, early=early)
    steps = list(
        parallel_search(case.problem, trainer.begin, question=question, at_once=at_once, **options)
    )
    return trainer, steps


def asked(case: Case, number: int) -> Question:
    """A question of each kind, with λ given or estimated."""
    given = case.lipschitz if number % 2 else None
    epsilon = (0.1, 0.25, 0.6)[number % 3]
    if number % 4 == 3:
        return Question(goal=Goal.BEST, epsilon=epsilon, lipschitz=given, weights=(1, 1, 2))
    return Question(epsilon=epsilon, lipschitz=given)


@pytest.mark.parametrize("number", range(8))
def test_one_at_a_time_is_the_certified_search(number: int) -> None:
    case = mixed_case(number) if number % 3 == 0 else random_case(number, max_points=80)
    question = Question(epsilon=0.25, goal=Goal.BEST if number % 4 == 3 else Goal.COVER)
    plain = [s.index for s in certified_search(case.problem, case.evaluate, question=question)]
    assert [s.index for s in searched(case, question, 1)[1]] == plain


@pytest.mark.parametrize("at_once", [2, 4, 16])
@pytest.mark.parametrize("number", range(4))
def test_the_order_in_which_trainings_end_changes_nothing(number: int, at_once: int) -> None:
    case = random_case(number, max_points=120)
    question = asked(case, number)
    first, steps = searched(case, question, at_once)
    for early in (1, 2):
        other, again = searched(case, question, at_once, early=early)
        assert other.picks == first.picks
        assert [s.certified_epsilon for s in again] == [s.certified_epsilon for s in steps]
    assert [s.index for s in steps] == first.picks  # folded in the order of the picks
    assert first.most <= at_once


@pytest.mark.parametrize("number", range(6))
def test_what_is_certified_holds_and_verifies(number: int) -> None:
    case = random_case(100 + number, max_points=150)
    question = Question(epsilon=0.25, lipschitz=case.lipschitz)
    trainer, steps = searched(case, question, 4)
    known = case.observations(trainer.picks)
    answer = solve(case.problem, known, question=question)
    assert answer.ending in (Ending.CERTIFIED, Ending.EXHAUSTED)
    assert steps[-1].done
    assert [s.done for s in steps[:-1]].count(True) == 0
    assert is_covered(case, answer.cover, 0.25)
    assert verify(certificate_of(case.problem, known, question=question)) == []


@pytest.mark.parametrize("goal", [Goal.COVER, Goal.BEST])
@pytest.mark.parametrize("number", range(5))
def test_the_bound_on_the_evaluations_holds_for_several_at_once(number: int, goal: Goal) -> None:
    case = random_case(200 + number, max_points=300)
    question = Question(goal=goal, epsilon=0.3, lipschitz=case.lipschitz)
    for at_once in (1, 3, 8):
        _, steps = searched(case, question, at_once)
        assert len(steps) <= steps[-1].evaluation_bound


@pytest.mark.parametrize("number", range(6))
def test_a_search_that_was_killed_continues_with_the_same_picks(number: int) -> None:
    case = random_case(number, max_points=120)
    question = asked(case, number)
    whole, steps = searched(case, question, 4)
    assert len(steps) > 1
    for stopped in range(1, len(steps), 4):
        trainer = Trainer(case)
        search = parallel_search(case.problem, trainer.begin, question=question, at_once=4)
        for _ in range(stopped):
            next(search)
        done, begun = trainer.picks[:stopped], trainer.picks[stopped:]
        rest, again = searched(
            case, question, 4, known=case.observations(done), begun=begun, early=stopped
        )
        assert done + rest.picks == whole.picks
        assert [s.certified_epsilon for s in again] == [
            s.certified_epsilon for s in steps[stopped:]
        ]


def test_an_executor_of_the_standard_library_evaluates() -> None:
    alone, _ = searched(CASE, Question(epsilon=0.25), 3)
    with ThreadPoolExecutor(3) as threads:
        steps = parallel_search(
            CASE.problem,
            lambda index: threads.submit(CASE.evaluate, index).result,
            question=Question(epsilon=0.25),
            at_once=3,
        )
        assert [step.index for step in steps] == alone.picks


def test_a_budget_counts_what_has_begun() -> None:
    for budget in (1, 2, 7):
        trainer, steps = searched(CASE, Question(epsilon=0.01), 4, budget=budget)
        assert len(trainer.picks) == budget
        assert steps[-1].reason is Ending.BUDGET


def test_nothing_begins_once_it_may_not_and_what_has_begun_counts() -> None:
    trainer = Trainer(CASE)
    steps = list(
        parallel_search(
            CASE.problem,
            trainer.begin,
            question=Question(epsilon=0.01),
            at_once=4,
            may_begin=lambda: len(trainer.picks) < 6,
        )
    )
    assert len(steps) == len(trainer.picks) == 6
    assert steps[-1].reason is None


def test_spot_checks_are_drawn_and_challenges_made_as_verified() -> None:
    case = random_case(5, max_points=90)
    spots = Question(epsilon=0.05, spot_checks=0.5)
    trainer, _ = searched(case, spots, 4, budget=40)
    assert (
        verify(certificate_of(case.problem, case.observations(trainer.picks), question=spots)) == []
    )
    checks = SearchState(case.problem, spots).spot_checks
    draws = checks.draws(trainer.picks)
    assert len(draws) >= 5

    challenged = Question(epsilon=0.25, challenges=3)
    trainer, steps = searched(case, challenged, 4)
    known = case.observations(trainer.picks)
    assert steps[-1].done
    assert verify(certificate_of(case.problem, known, question=challenged)) == []


def test_the_first_picks_spread_over_the_design() -> None:
    """With λ unknown, four begin before one is done: the design, and no two alike."""
    trainer = Trainer(CASE)
    search = parallel_search(CASE.problem, trainer.begin, question=Question(), at_once=4)
    next(search)
    one_by_one = certified_search(CASE.problem, CASE.evaluate, question=Question())
    assert trainer.picks == [next(one_by_one).index for _ in range(4)]


def test_a_begun_evaluation_is_promised_its_neighbourhood() -> None:
    """Whatever its error will be, nothing is picked that it will certify."""
    delta, lipschitz = np.log1p(0.25), np.array(CASE.lipschitz)
    question = Question(epsilon=0.25, lipschitz=CASE.lipschitz)
    trainer = Trainer(CASE)
    next(parallel_search(CASE.problem, trainer.begin, question=question, at_once=5))
    picks = np.array(trainer.picks)
    assert len(picks) == 5
    distances = CASE.problem.distance(picks, picks, lipschitz)
    for cost in (CASE.problem.size, CASE.problem.latency):
        np.maximum(
            distances, np.log(cost[picks])[None, :] - np.log(cost[picks])[:, None], out=distances
        )
    later, earlier = np.tril_indices(5, -1)
    assert (distances[later, earlier] > delta).all()


def test_an_evaluation_begins_once() -> None:
    state = SearchState(CASE.problem, Question())
    state.begin(3)
    assert state.taken == [3]
    with pytest.raises(InvalidOptionError, match="expected a new index"):
        state.begin(3)
    state.add(3, CASE.evaluate(3))
    assert state.taken == [3]
    assert state.begun == []
    with pytest.raises(InvalidOptionError, match="expected a new index"):
        state.add(3, CASE.evaluate(3))


def test_when_only_size_and_latency_count_one_is_trained() -> None:
    question = Question(goal=Goal.BEST, epsilon=0.3, weights=(1, 1, 0))
    problem: SearchProblem = CASE.problem
    assert len(searched(CASE, question, 8)[1]) == 1
    assert len(list(certified_search(problem, CASE.evaluate, question=question))) == 1
