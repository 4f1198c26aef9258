"""Betti numbers of well-known shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.agora.homology import coverage, farthest_points, homology
from bort.agora.torus.world import torus_points
from bort.core.errors import InvalidOptionError


def sphere(n: int, rng: np.random.Generator) -> np.ndarray:
    points = rng.normal(size=(n, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def circle(n: int, rng: np.random.Generator, centre: float = 0.0) -> np.ndarray:
    turn = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([centre + np.cos(turn), np.sin(turn), np.zeros(n)])


SHAPES = {
    "torus": (lambda rng: torus_points(3000, rng), (1, 2, 1)),
    "sphere": (lambda rng: sphere(1600, rng), (1, 0, 1)),
    "circle": (lambda rng: circle(600, rng), (1, 1, 0)),
    "two circles": (lambda rng: np.vstack([circle(600, rng), circle(600, rng, 5.0)]), (2, 2, 0)),
    "ball": (lambda rng: sphere(2000, rng) * rng.uniform(size=(2000, 1)) ** (1 / 3), (1, 0, 0)),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", SHAPES)
def test_shapes_have_their_betti_numbers(name: str, seed: int) -> None:
    draw, betti = SHAPES[name]
    assert homology(draw(np.random.default_rng(seed)), dimension=2).betti == betti


@given(scale=st.sampled_from([1e-3, 1.0, 1e3]), seed=st.integers(0, 5))
@settings(max_examples=8, deadline=None)
def test_scale_order_copies_and_turns_do_not_matter(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = circle(300, rng)
    turned = points @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    other = np.vstack([turned, turned[:50]])[rng.permutation(350)] * scale + 7 * scale
    assert homology(other, dimension=1, landmarks=150).betti == (1, 1)
    assert homology(points, dimension=1, landmarks=150).betti == (1, 1)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_a_few_points_and_copies(n: int) -> None:
    assert homology(np.ones((n, 4)), dimension=2).betti == (1, 0, 0)
    few = homology(np.random.default_rng(0).normal(size=(n, 4)), dimension=1)
    assert few.betti[0] >= 1


def test_landmarks_cover_and_keep_apart() -> None:
    points = torus_points(500, np.random.default_rng(0))
    chosen, spacing = farthest_points(points, 60)
    assert len(set(chosen.tolist())) == 60
    apart = np.linalg.norm(points[chosen][:, None] - points[chosen], axis=2)
    assert apart[~np.eye(60, dtype=bool)].min() == pytest.approx(spacing)
    near = np.linalg.norm(points[:, None] - points[chosen], axis=2).min(axis=1)
    assert near.max() <= spacing


def test_landmarks_never_exceed_their_number() -> None:
    points = torus_points(1700, np.random.default_rng(0))
    assert len(homology(points, dimension=1).landmarks) == 200
    assert len(homology(points[:100], dimension=1).landmarks) == 13


@pytest.mark.parametrize(
    ("n", "change"), [(0, {}), (5, {"dimension": -1}), (5, {"landmarks": 0}), (5, {"gap": 0.0})]
)
def test_what_has_no_homology(n: int, change) -> None:
    with pytest.raises(InvalidOptionError, match="homology needs"):
        homology(np.zeros((n, 2)), **({"dimension": 1} | change))


def test_coverage_counts_points_with_a_neighbour() -> None:
    training = np.array([[0.0], [10.0]])
    assert coverage(np.array([[0.5], [1.0], [2.0], [9.5]]), training, radius=1.0) == 0.75
    assert coverage(np.empty((0, 1)), training, radius=1.0) is None
    assert coverage(training, np.empty((0, 1)), radius=1.0) == 0.0


def test_coverage_is_the_same_by_tree_and_by_products() -> None:
    rng = np.random.default_rng(0)
    points, training = rng.standard_normal((700, 20)), rng.standard_normal((90, 20))
    nearest = np.linalg.norm(points[:, None] - training, axis=2).min(axis=1)
    for radius in np.quantile(nearest, [0.1, 0.5, 0.9]) + 1e-6:
        assert coverage(points, training, radius=radius) == np.mean(nearest <= radius)
