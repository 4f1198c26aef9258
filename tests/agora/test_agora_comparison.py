"""Differences with intervals, checked against known truths."""

import numpy as np
import pytest

from bort.agora.text.findings import error_difference, gap_closed


# The bootstrap's seeds differ from the data's; the same seeds would correlate the two.
def wrong(rate: float, *, seeds: int = 5, items: int = 2000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(seeds, items)) < rate


def test_the_interval_holds_the_true_difference_and_narrows_with_items() -> None:
    wide, narrow = (
        error_difference(
            wrong(0.3, items=n), wrong(0.2, items=n, seed=1), np.random.default_rng(99)
        )
        for n in (200, 5000)
    )
    for found in (wide, narrow):
        assert found.low < -0.1 < found.high
        assert found.low <= found.value <= found.high
    assert narrow.high - narrow.low < (wide.high - wide.low) / 2


def test_equal_sides_do_not_differ_and_swapping_changes_the_sign() -> None:
    first, second = wrong(0.3), wrong(0.25, seed=1)
    same = error_difference(first, first, np.random.default_rng(99))
    assert (same.value, same.low, same.high) == (0, 0, 0)
    there = error_difference(first, second, np.random.default_rng(99))
    back = error_difference(second, first, np.random.default_rng(99))
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_the_gap_is_closed_by_who_errs_as_the_teacher() -> None:
    plain, teacher = wrong(0.35), wrong(0.2, seeds=1, seed=2)
    as_teacher = np.repeat(teacher, 5, axis=0)
    found = gap_closed(plain, as_teacher, teacher, np.random.default_rng(99))
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))
    assert gap_closed(plain, plain, teacher, np.random.default_rng(99)).value == 0


def test_no_gap_no_share() -> None:
    teacher = wrong(0.5, seeds=1)
    found = gap_closed(wrong(0.2), wrong(0.1), teacher, np.random.default_rng(99))
    assert np.isnan([found.value, found.low, found.high]).all()


def test_other_seeds_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same seeds"):
        error_difference(wrong(0.2), wrong(0.2, seeds=4), np.random.default_rng(99))
