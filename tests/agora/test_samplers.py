"""Samplers stay within the radius, keep their shares, and never repeat the pool."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.agora.loop.samplers import MixtureSampler, Pool, RetrievalSampler
from bort.agora.torus.samplers import BallSampler, TangentSampler
from bort.agora.torus.world import angles, on_torus, torus_points
from bort.core.errors import InvalidOptionError


def off_torus(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points - on_torus(*angles(points)), axis=1)


@given(n=st.integers(0, 30), d=st.integers(1, 5), radius=st.sampled_from([1e-6, 1.0, 1e6]))
@settings(max_examples=20, deadline=None)
def test_balls_hold_their_points(n: int, d: int, radius: float) -> None:
    rng = np.random.default_rng(n)
    points = rng.normal(size=(n, d))
    made = BallSampler().sample_near(points, radius, rng)
    assert made.inputs.shape == (n, d)
    assert (np.linalg.norm(made.inputs - points, axis=1) <= radius * (1 + 1e-6)).all()


def test_balls_are_filled_evenly() -> None:
    points = np.zeros((4000, 3))
    made = BallSampler().sample_near(points, 2.0, np.random.default_rng(0))
    inner = np.mean(np.linalg.norm(made.inputs, axis=1) < 1.0)
    assert inner == pytest.approx(1 / 8, abs=0.02)  # half the radius is an eighth of the volume


def test_tangent_planes_keep_to_the_manifold() -> None:
    rng = np.random.default_rng(0)
    reference, points = torus_points(2000, rng), torus_points(300, rng)
    along = TangentSampler(reference, dimension=2).sample_near(points, 0.8, rng)
    around = BallSampler().sample_near(points, 0.8, rng)
    assert np.median(off_torus(along.inputs)) < 0.05 < np.median(off_torus(around.inputs))


def test_a_flat_manifold_is_kept_exactly() -> None:
    rng = np.random.default_rng(0)
    plane = np.column_stack([rng.normal(size=(200, 2)), np.zeros(200)])
    made = TangentSampler(plane, dimension=2).sample_near(plane[:20], 1.0, rng)
    assert np.abs(made.inputs[:, 2]).max() < 1e-12


@pytest.mark.parametrize(
    ("dimension", "neighbours", "n"), [(0, 5, 9), (4, 5, 9), (2, 2, 9), (2, 5, 2)]
)
def test_planes_that_cannot_be_estimated(dimension: int, neighbours: int, n: int) -> None:
    with pytest.raises(InvalidOptionError):
        TangentSampler(np.zeros((n, 3)), dimension=dimension, neighbours=neighbours)


def represent(inputs: np.ndarray) -> np.ndarray:
    return np.array([[float(text)] for text in inputs])


def retrieval(pool: list[str], *, choices: int) -> RetrievalSampler:
    texts = np.array(pool, dtype=object)
    vectors = represent(texts) if pool else np.empty((0, 1))
    return RetrievalSampler(Pool(texts, vectors), represent, choices=choices)


def test_retrieval_takes_the_nearest_unknown_once() -> None:
    points = np.array(["0", "0", "0", "9"], dtype=object)
    sampler = retrieval(["5", "0.1", "0.2", "-0.3", "0.05"], choices=1)
    made = sampler.sample_near(points, 1.0, np.random.default_rng(0), known={"0.05"})
    assert made.inputs.tolist() == ["0.1", "0.2", "-0.3"]
    assert made.parents.tolist() == [0, 1, 2]


def test_an_empty_pool_proposes_nothing() -> None:
    points = np.array(["0"], dtype=object)
    assert len(retrieval([], choices=3).sample_near(points, 1.0, np.random.default_rng(0))) == 0


def test_a_mixture_keeps_its_shares_and_parents() -> None:
    points = np.arange(40.0).reshape(-1, 1)
    mixture = MixtureSampler([(BallSampler(name="one"), 3.0), (BallSampler(name="other"), 1.0)])
    made = mixture.sample_near(points, 0.1, np.random.default_rng(0))
    assert (made.samplers.count("one"), made.samplers.count("other")) == (30, 10)
    assert sorted(made.parents.tolist()) == list(range(40))
    assert np.abs(made.inputs - points[made.parents]).max() <= 0.1


@pytest.mark.parametrize("shares", [[], [0.0], [1.0, -1.0], [np.inf]])
def test_shares_that_are_none(shares: list[float]) -> None:
    with pytest.raises(InvalidOptionError, match="shares"):
        MixtureSampler([(BallSampler(), share) for share in shares])
