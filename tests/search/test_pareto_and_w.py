import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bort.search.check.direct import direct_front
from bort.search.pareto import hypervolume, is_non_dominated
from bort.search.w_coefficient import log_gain, w_coefficient

# Few distinct values, so that ties occur.
fronts = hnp.arrays(
    float, st.tuples(st.integers(1, 30), st.just(3)), elements=st.sampled_from([1.0, 2.0, 3.0, 5.0])
)
laws = settings(max_examples=60, deadline=None, derandomize=True)


@laws
@given(fronts)
def test_the_front_is_that_of_the_definition(costs) -> None:
    before = costs.copy()
    assert (is_non_dominated(costs) == direct_front(costs)).all()
    assert (costs == before).all()


@laws
@given(fronts, st.randoms(use_true_random=False), st.sampled_from([0.001, 7.0, 1e6]))
def test_the_front_ignores_row_order_and_column_scaling(costs, random, factor) -> None:
    order = list(range(len(costs)))
    random.shuffle(order)
    marked = is_non_dominated(costs)
    assert (is_non_dominated(costs[order]) == marked[order]).all()
    assert (is_non_dominated(costs * [factor, 1.0, 1 / factor]) == marked).all()


@laws
@given(fronts)
def test_adding_a_dominated_point_changes_nothing(costs) -> None:
    worse = costs.max(axis=0) + 1
    marked = is_non_dominated(np.vstack([costs, worse]))
    assert (marked[:-1] == is_non_dominated(costs)).all()
    assert not marked[-1]
    ref = worse + 1
    assert hypervolume(np.vstack([costs, worse]), ref=ref) == pytest.approx(
        hypervolume(costs, ref=ref)
    )


def test_the_front_of_nothing_is_empty_and_nan_is_refused() -> None:
    assert is_non_dominated(np.zeros((0, 3))).shape == (0,)
    assert hypervolume(np.zeros((0, 3)), ref=np.ones(3)) == 0.0
    with pytest.raises(ValueError, match="NaN"):
        is_non_dominated(np.array([[1.0, np.nan]]))
    with pytest.raises(ValueError, match="two-dimensional"):
        is_non_dominated(np.array([1.0, 2.0]))


def test_unit_weights_give_the_papers_w() -> None:
    size, latency, error = (
        np.array([40.0, 80, 100]),
        np.array([2.0, 9, 10]),
        np.array([0.3, 0.2, 0.1]),
    )
    paper = (100 - size) / 100 * (10 - latency) / 10 / error
    assert w_coefficient(size, latency, error, weights=(1, 1, 1)) == pytest.approx(paper)


def test_zero_to_the_power_of_zero_is_one() -> None:
    gains = log_gain(np.array([1.0, 2]), np.array([4.0, 1]), (0.0, 1.0, 1.0))
    assert gains.tolist() == [-np.inf, pytest.approx(np.log(0.75))]
