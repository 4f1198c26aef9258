"""Help to choose, on tables whose answers can be read off."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bort.search.choosing import (
    Beaten,
    Options,
    Reason,
    degrees,
    differences,
    exchange,
    knee,
    meets,
    nearest,
    neighbours,
    rival,
    suggestions,
)
from bort.search.pareto import is_non_dominated

# size, latency, error in percent; the last one is beaten by the second.
VALUES = np.array(
    [[3.0, 0.4, 21.0], [3.2, 0.7, 18.9], [6.4, 0.8, 18.8], [23.0, 9.0, 16.0], [6.0, 1.4, 19.5]]
)
ERROR_HALF = 1.5
ALL = np.arange(len(VALUES))


def options(values=VALUES, half=ERROR_HALF):
    bars = np.zeros_like(values)
    bars[:, 2] = half
    return Options(values, values - bars, values + bars)


def test_a_difference_has_the_root_of_both_squared_half_widths() -> None:
    found = differences(options(), 0, 1)
    assert found[0].low == found[0].value == pytest.approx(-0.2)
    assert found[2].value == pytest.approx(2.1)
    assert found[2].low == pytest.approx(2.1 - np.hypot(1.5, 1.5))
    assert found[2].high == pytest.approx(2.1 + np.hypot(1.5, 1.5))
    assert [one.is_clear for one in found] == [True, True, False]


def test_the_three_degrees_of_being_beaten() -> None:
    # 0.6 points are within noise of 2.1; with narrow intervals they are clear.
    assert degrees(options()) == (Beaten.NOT,) * 4 + (Beaten.WITHIN_NOISE,)
    assert degrees(options(half=0.2))[-1] is Beaten.CLEARLY


def test_the_rival_beats_clearly_if_one_does() -> None:
    values = np.array([[2.0, 2.0, 10.0], [1.9, 1.9, 9.9], [1.9, 0.5, 9.95], [1.95, 2.0, 5.0]])
    # The second and third are better only within noise of 2.1 points; the last one clearly.
    assert rival(options(values), 0) == 3
    assert rival(options(values, half=9.0), 0) == 2
    assert rival(options(values), 1) is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    hnp.arrays(
        float,
        st.tuples(st.integers(1, 20), st.just(3)),
        elements=st.sampled_from([1.0, 2.0, 3.0, 5.0]),
    ),
    st.sampled_from([0.0, 0.4, 2.0]),
)
def test_what_no_row_beats_is_the_front(values, half) -> None:
    found = degrees(options(values, half))
    assert [one is Beaten.NOT for one in found] == is_non_dominated(values).tolist()
    if not half:
        assert Beaten.WITHIN_NOISE not in found


def test_limits_and_what_is_nearest_to_them() -> None:
    assert meets(VALUES, (None, 0.75, None)).tolist() == [True, True, False, False, False]
    assert meets(VALUES, (3.2, None, 20.0)).tolist() == [False, True, False, False, False]
    assert not meets(VALUES, (5.0, 1.0, 17.0)).any()
    # 18.9 is 11% above 17, 21 is 24%, 23 M is 360% above 5 M.
    assert nearest(VALUES, (5.0, 1.0, 17.0)) == 1


def test_a_limit_is_met_at_its_own_value() -> None:
    assert meets(VALUES, tuple(VALUES[1])).tolist() == [False, True, False, False, False]


def test_the_suggestions() -> None:
    # Up to 2.1 points are noise; 18.8 is 2.8 above 16.0.
    assert dict(suggestions(options(), ALL)) == {
        Reason.SMALLEST_AS_GOOD: 3,
        Reason.FASTEST_AS_GOOD: 3,
        Reason.KNEE: 1,
        Reason.MOST_ACCURATE: 3,
    }
    assert dict(suggestions(options(half=2.2), ALL))[Reason.SMALLEST_AS_GOOD] == 1
    within = np.flatnonzero(meets(VALUES, (None, 1.0, None)))
    assert dict(suggestions(options(), within)) == {
        Reason.SMALLEST_AS_GOOD: 1,  # 21.0 is clearly above 18.8
        Reason.FASTEST_AS_GOOD: 1,
        Reason.KNEE: 1,
        Reason.MOST_ACCURATE: 2,
    }
    assert suggestions(options(), ALL[:0]) == ()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    hnp.arrays(
        float,
        st.tuples(st.integers(1, 12), st.just(3)),
        elements=st.sampled_from([1.0, 2.0, 3.0, 5.0]),
    ),
    st.sampled_from([0.001, 7.0, 1e6]),
)
def test_units_do_not_matter(values, factor) -> None:
    rows = np.arange(len(values))
    scaled = values * [factor, 1.0, 1 / factor]
    assert knee(scaled, rows) == knee(values, rows)
    moved = exchange(scaled, 0, rows, better=[2])
    assert moved == exchange(values, 0, rows, better=[2])


def test_the_knee_is_on_the_front() -> None:
    assert knee(VALUES, ALL) == 1
    assert knee(VALUES, np.array([3])) == 3


def test_exchanges_gain_most_for_what_they_lose() -> None:
    assert exchange(VALUES, 1, ALL, better=[1]) == 0  # 0.3 ms less for 2.1 points
    # 0.1 points for twice the size, or 2.9 points for 13 times the latency and 7 times the size:
    # ln gain 0.005 for 0.83 lost, against 0.167 for 4.53.
    assert exchange(VALUES, 1, ALL, better=[2]) == 3
    assert exchange(VALUES, 1, ALL, better=[2], kept=[1]) is None
    assert exchange(VALUES, 3, ALL, better=[0, 1]) == 1
    assert exchange(VALUES, 4, ALL, better=[2], kept=[0, 1]) == 1  # a gain without a loss


def test_an_error_of_zero_can_be_exchanged() -> None:
    values = np.array([[1.0, 1.0, 0.0], [0.5, 1.0, 4.0]])
    assert exchange(values, 1, np.arange(2), better=[2]) == 0
    assert knee(values, np.arange(2)) in (0, 1)


def test_neighbours_are_near_in_ratios_and_never_itself() -> None:
    assert neighbours(VALUES, 1, ALL, 2).tolist() == [2, 4]
    assert neighbours(VALUES, 0, ALL[:1], 3).tolist() == []
