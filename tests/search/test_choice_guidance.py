from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_cases import bert_like, mixed_case, random_case
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Kernel, Matern

from bort.core.question import Question
from bort.search import Observation, SearchProblem, certified_search
from bort.search.guide import errors
from bort.search.guide.design import staircase
from bort.search.guide.errors import ErrorModel
from bort.search.guide.gain import FreeVolume
from bort.search.guide.kernels import LEVEL, Grid, Kernels
from bort.search.guide.picks import most_improving_front
from bort.search.pareto import hypervolume


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 8), values=st.integers(2, 6))
def test_a_certain_error_gains_what_the_hypervolume_gains(seed, count, values):
    rng = np.random.default_rng(seed)
    front = rng.integers(1, values + 1, (count, 3)).astype(float)  # with ties, and some on the edge
    points = rng.integers(1, values + 1, (5, 3)).astype(float)
    ref = np.full(3, float(values))
    free = FreeVolume(front, ref)
    (gains,) = free.expected_gains(points[:, :2], np.log(points[:, 2])[None], np.zeros((1, 5)))
    now = hypervolume(front, ref=ref)
    true = [hypervolume(np.vstack([front, point]), ref=ref) - now for point in points]
    assert gains == pytest.approx(true, abs=1e-9)


def test_an_uncertain_error_gains_the_mean_over_its_distribution():
    rng = np.random.default_rng(0)
    front = rng.uniform(0.2, 0.9, (12, 3))
    costs, ref = np.array([[0.3, 0.4], [0.6, 0.25]]), np.ones(3)
    means, deviations = np.log([[0.4, 0.5], [0.3, 0.7]]), np.array([[0.2, 0.05], [0.4, 0.3]])
    exact = FreeVolume(front, ref).expected_gains(costs, means, deviations)
    now = hypervolume(front, ref=ref)
    for row in range(2):
        for which in range(2):
            # Evenly spaced quantiles, so that a few draws are precise.
            normal = np.sort(rng.normal(size=4000))
            draws = np.exp(means[which, row] + deviations[which, row] * normal)
            gains = [
                hypervolume(np.vstack([front, [*costs[row], e]]), ref=ref) - now for e in draws
            ]
            assert exact[which, row] == pytest.approx(
                np.mean(gains), abs=4 * np.std(gains) / np.sqrt(len(gains)) + 1e-12
            )


class OnColumns(Kernel):
    """A kernel of scikit-learn on some columns of the inputs."""

    def __init__(self, base: Kernel, columns: slice) -> None:
        self.base, self.columns = base, columns

    def __call__(self, X, Y=None, eval_gradient=False):
        return self.base(X[:, self.columns], None if Y is None else Y[:, self.columns])

    def diag(self, X):
        return self.base.diag(X[:, self.columns])

    def is_stationary(self):
        return False


def scikit_learns(kernels: Kernels, unit: float) -> GaussianProcessRegressor:
    """The first process as scikit-learn's, with a given variance of the smooth part."""
    lengths = kernels.lengths[0]
    kernel = OnColumns(Matern(lengths[0], nu=2.5), slice(0, 1))
    for k in range(1, len(lengths)):
        kernel = kernel * OnColumns(Matern(lengths[k], nu=2.5), slice(k, k + 1))
    linear = ConstantKernel(kernels.slope[0]) * DotProduct(0.0, "fixed")
    kernel = kernel + ConstantKernel(LEVEL) + linear
    return GaussianProcessRegressor(
        ConstantKernel(unit) * kernel, alpha=unit * kernels.noise[0], optimizer=None
    )


@pytest.fixture
def one_process(monkeypatch):
    """A case with 14 evaluations, its inputs as features, and their standardised errors."""
    monkeypatch.setattr(errors, "_PROCESSES", 1)
    case = bert_like(noise=0.03)
    seen = np.random.default_rng(3).choice(len(case.problem), 14, replace=False)
    grid = Grid(case.problem)
    values = np.log(case.errors[seen])
    y = (values - values.mean()) / values.std()
    kernels = Kernels.drawn(grid, 1)
    covariance = kernels.among(seen, seen)[0] + kernels.noise[0] * np.eye(len(seen))
    unit = (1 + y @ np.linalg.solve(covariance, y) / 2) / (1 + len(y) / 2)
    model = ErrorModel(case.problem)
    model.follow(case.observations(seen))
    return model, grid, seen, values, y, unit


def test_the_posterior_is_that_of_scikit_learn(one_process, monkeypatch):
    model, grid, seen, values, y, unit = one_process
    monkeypatch.setattr(errors, "_WIDEST", 1.0)
    theirs = scikit_learns(Kernels.drawn(grid, 1), unit).fit(grid.features[seen], y)
    mean, deviation = theirs.predict(grid.features, return_std=True)
    noise = unit * Kernels.drawn(grid, 1).noise[0]
    ours = model.predict()
    assert ours.mean == pytest.approx(values.mean() + values.std() * mean)
    assert ours.deviation == pytest.approx(values.std() * np.sqrt(deviation**2 + noise))


def test_deviations_are_widened_until_left_out_errors_are_as_predicted(one_process, monkeypatch):
    model, grid, seen, _, y, unit = one_process
    kernels = Kernels.drawn(grid, 1)
    scores = []
    for left_out in range(len(seen)):
        rest = np.delete(np.arange(len(seen)), left_out)
        fresh = scikit_learns(kernels, unit).fit(grid.features[seen[rest]], y[rest])
        mean, deviation = fresh.predict(grid.features[seen[[left_out]]], return_std=True)
        variance = deviation[0] ** 2 + unit * kernels.noise[0]
        scores.append((y[left_out] - mean[0]) / np.sqrt(variance))
    share = len(seen) / (len(seen) + errors._FEW)
    expected = np.sqrt(1 + share * (np.mean(np.square(scores)) - 1))
    monkeypatch.setattr(errors, "_WIDEST", 100.0)
    widened = model.predict().deviation
    monkeypatch.setattr(errors, "_WIDEST", 1.0)
    assert widened / model.predict().deviation == pytest.approx(max(1.0, expected))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), is_mixed=st.booleans(), is_sparse=st.booleans())
def test_a_weighted_sum_over_the_grid_is_the_sum_of_its_kernels(seed, is_mixed, is_sparse):
    case = mixed_case(seed) if is_mixed else random_case(seed)
    rng = np.random.default_rng(seed)
    everywhere = np.arange(len(case.problem))
    rows, weights = rng.choice(everywhere, 5), rng.normal(size=5)
    drawn = Kernels.drawn(Grid(case.problem), 4)
    with pytest.MonkeyPatch.context() as patch:
        if is_sparse:
            patch.setattr("bort.search.guide.kernels._SPARSE", 0)
        ours = drawn.weighing(2, rows).sum(weights)
    matrices = drawn.among(everywhere, rows)
    assert ours == pytest.approx(matrices[2] @ weights)
    assert drawn.variances(2) == pytest.approx(np.diag(drawn.among(everywhere, everywhere)[2]))
    # A covariance, also between families and categories.
    assert np.linalg.eigvalsh(drawn.among(everywhere, everywhere)).min() > -1e-8


def test_learning_one_by_one_is_learning_afresh_to_the_last_digit():
    case = bert_like(noise=0.03)
    order = np.random.default_rng(5).choice(len(case.problem), 40, replace=False)
    ours = ErrorModel(case.problem)
    for count in range(1, len(order) + 1):
        ours.follow(case.observations(order[:count]))
        if count % 3:
            predicted = ours.predict(is_tail_cut=bool(count % 2))
    fresh = ErrorModel(case.problem)
    fresh.follow(case.observations(order))
    for one, other in zip(ours.predict(), fresh.predict(), strict=True):
        assert (one == other).all()
    assert predicted.means.shape[1] == len(case.problem)


def test_a_copy_learns_on_its_own():
    case = bert_like(noise=0.03)
    order = np.random.default_rng(6).choice(len(case.problem), 30, replace=False)
    ours = ErrorModel(case.problem)
    ours.follow(case.observations(order[:20]))
    ours.predict()
    twin = ours.copy()
    twin.follow(case.observations([*order[:20], *order[25:]]))
    twin.predict()
    ours.follow(case.observations(order[:25]))
    fresh = ErrorModel(case.problem)
    fresh.follow(case.observations(order[:25]))
    for one, other in zip(ours.predict(), fresh.predict(), strict=True):
        assert (one == other).all()


def test_a_resumed_search_continues_with_the_same_picks():
    case = bert_like(noise=0.03)
    question = Question(epsilon=0.001)
    whole = [
        s.index for s in certified_search(case.problem, case.evaluate, question=question, budget=30)
    ]
    rest = certified_search(
        case.problem,
        case.evaluate,
        question=question,
        budget=30,
        known=case.observations(whole[:17]),
    )
    assert [step.index for step in rest] == whole[17:]


def test_every_architecture_of_a_large_space_is_a_candidate():
    axes = np.meshgrid(*[np.arange(1, 27)] * 3, indexing="ij")
    rows = np.stack(axes, axis=-1).reshape(-1, 3).astype(float)
    best = 12_345  # no evenly spaced sample would contain it
    size = np.full(len(rows), 1e6)
    size[best] = 1e5
    problem = SearchProblem(("a", "b", "c"), np.log(rows), size, size / 1e5)
    seen = {0: Observation.of(0.2), len(rows) - 1: Observation.of(0.2)}
    rest = np.setdiff1d(np.arange(len(rows)), list(seen))
    assert most_improving_front(ErrorModel(problem), problem, seen, rest) == best


def test_the_model_learns_a_smooth_error_and_knows_how_well():
    case = bert_like()
    rng = np.random.default_rng(1)
    seen = rng.choice(len(case.problem), 12, replace=False)
    rest = np.setdiff1d(np.arange(len(case.problem)), seen)
    model = ErrorModel(case.problem)
    model.follow(case.observations(seen))
    predicted = model.predict()
    off = np.abs(predicted.mean - np.log(case.errors))[rest]
    assert np.median(off) < 0.02
    assert (off < 3 * predicted.deviation[rest]).mean() > 0.95


def test_how_bad_the_bad_ones_are_does_not_count_where_the_tail_is_cut():
    case = bert_like(noise=0.01)
    seen = case.observations(range(0, 280, 20))
    worst = max(seen, key=lambda i: seen[i].error)
    answers = []
    for error in (0.7, 0.9):
        seen[worst] = type(seen[worst]).of(error)
        model = ErrorModel(case.problem)
        model.follow(seen)
        answers.append(model.predict(is_tail_cut=True).mean)
    assert answers[0] == pytest.approx(answers[1])


def test_without_evaluations_or_with_equal_errors_every_architecture_looks_alike():
    case = bert_like()
    model = ErrorModel(case.problem)
    assert np.ptp(model.predict().mean) == np.ptp(model.predict().deviation) == 0
    model.follow({3: Observation.of(0.2), 9: Observation.of(0.2)})
    assert model.predict().mean == pytest.approx(np.log(0.2))
    assert (model.predict().deviation > 0.01).all()


def test_the_gain_counts_per_cost_where_costs_differ():
    case = bert_like()
    dear = replace(case.problem, effort=case.problem.size**2)
    rest = np.arange(1, len(dear))
    seen = case.observations([0])
    free = most_improving_front(ErrorModel(case.problem), case.problem, seen, rest)
    same = replace(case.problem, effort=np.full(len(dear), 7.0))
    assert most_improving_front(ErrorModel(same), same, seen, rest) == free
    cheap = most_improving_front(ErrorModel(dear), dear, seen, rest)
    assert dear.size[cheap] < dear.size[free]


def test_a_staircase_goes_down_where_it_saves_most():
    problem = bert_like().problem
    dear = replace(problem, effort=problem.size)
    plain, saving = staircase(problem), staircase(dear)
    assert (plain[0], plain[-1]) == (saving[0], saving[-1])
    assert len(saving) == len(plain)
    assert dear.effort[saving].sum() < dear.effort[plain].sum()
    spans = np.abs(np.diff(problem.coordinates[saving], axis=0)) > 0
    assert (spans.sum(axis=1) == 1).all()


def test_the_expected_gain_is_finite_even_if_an_error_may_be_anything():
    free = FreeVolume(np.array([[1.0, 1.0, 0.5]]), np.array([2.0, 2.0, 1.0]))
    spread = np.array([[0.0, 30.0, 60.0, 1000.0]])
    gains = free.expected_gains(np.full((4, 2), 0.5), np.full((1, 4), -650.0), spread)
    assert np.isfinite(gains).all()
    assert (gains > 0).all()
