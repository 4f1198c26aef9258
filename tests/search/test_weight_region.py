import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.core.errors import InvalidOptionError
from bort.search.w_coefficient import log_gain, log_w, weight_region

laws = settings(max_examples=40, deadline=None, derandomize=True)


def random_points(seed: int):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 20))
    size, latency = rng.integers(1, 12, (2, count)).astype(float)
    errors = rng.choice([0.1, 0.15, 0.2, 0.3], count)
    rows = np.flatnonzero(rng.random(count) < 0.8)
    return size, latency, errors[rows], rows if len(rows) else np.array([0])


@laws
@given(st.integers(0, 10_000))
def test_the_regions_of_distinct_points_tile_the_triangle(seed) -> None:
    rng = np.random.default_rng(seed)
    size, latency = rng.permutation(40)[:24].reshape(2, 12) + 1.0
    errors = rng.permutation(np.linspace(0.1, 0.4, 12))
    rows = np.arange(12)
    regions = [weight_region(size, latency, errors, rows=rows, picked=i) for i in rows]
    assert sum(r.share for r in regions) == pytest.approx(1.0)


@laws
@given(st.integers(0, 10_000))
def test_the_pick_has_the_largest_w_all_over_its_region(seed) -> None:
    size, latency, errors, rows = random_points(seed)
    errors = errors[: len(rows)] if len(errors) else np.array([0.2])
    for position, picked in enumerate(rows):
        region = weight_region(size, latency, errors, rows=rows, picked=picked)
        if region.share < 1e-9:
            continue
        for corner in (np.array(region.centre), *region.vertices):
            assert sum(corner) == pytest.approx(1.0)
            weights = 0.99 * corner + 0.01 * np.array(region.centre)
            values = log_w(log_gain(size, latency, weights)[rows], errors, weights)
            assert values[position] == values.max() or values[position] > values.max() - 1e-9


def test_the_only_point_is_best_under_all_weights() -> None:
    size, latency = np.array([1.0, 2.0]), np.array([1.0, 2.0])
    region = weight_region(size, latency, np.array([0.2]), rows=np.array([0]), picked=0)
    assert region.share == pytest.approx(1.0)
    assert region.centre == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    with pytest.raises(InvalidOptionError, match="no error yet"):
        weight_region(size, latency, np.array([0.2]), rows=np.array([0]), picked=1)


def test_a_point_that_is_worse_in_everything_is_never_best() -> None:
    size, latency = np.array([1.0, 2.0, 9.0]), np.array([1.0, 2.0, 9.0])
    region = weight_region(size, latency, np.array([0.1, 0.2]), rows=np.array([0, 1]), picked=1)
    assert (region.share, region.centre, len(region.vertices)) == (0.0, None, 0)
