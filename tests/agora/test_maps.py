"""Maps: the same anchors give the same map, and points inserted later move nothing."""

import numpy as np
import pytest

from bort.agora.maps import base_map, kept, principal


def clouds(n: int = 30, d: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    which = np.repeat([0, 1, 2], n)
    return rng.normal(size=(3, d))[which] * 10 + rng.normal(size=(3 * n, d)), which


@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_neighbours_of_a_cloud_stay_together_on_the_map(kind) -> None:
    anchors, which = clouds(15)
    places = base_map(anchors, kind).places
    assert places.shape == (len(anchors), 2)
    distances = np.linalg.norm(places[:, None] - places, axis=2) + np.diag([np.inf] * len(places))
    assert np.mean(which[distances.argmin(axis=1)] == which) > 0.95


@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_the_same_anchors_give_the_same_map_and_nothing_moves(kind) -> None:
    anchors, _ = clouds(10)
    first, again = base_map(anchors, kind), base_map(anchors, kind)
    before = first.places.copy()
    new, off = first.insert(anchors[:4] + 0.01)
    assert np.array_equal(first.places, before)
    assert np.array_equal(again.places, before)
    assert np.linalg.norm(new - before[:4], axis=1).max() < before.std()
    assert not off.any()


def test_a_large_base_is_fitted_to_a_part_and_the_rest_inserted(monkeypatch) -> None:
    monkeypatch.setattr("bort.agora.maps.FITTED_AT_MOST", 30)
    anchors, which = clouds(20)
    places = base_map(anchors, "tsne").places
    centres = np.array([places[which == k].mean(axis=0) for k in range(3)])
    nearest = np.linalg.norm(places[:, None] - centres, axis=2).argmin(axis=1)
    assert np.mean(nearest == which) > 0.95


def test_what_is_far_from_every_anchor_is_off_the_map() -> None:
    base = base_map(clouds()[0], "pca")
    near, far = base.anchors[3] + 0.1, base.anchors[3] + 100
    assert base.insert(np.array([near, far]))[1].tolist() == [False, True]


def test_neighbourhoods_are_judged_against_chance() -> None:
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(200, 2))
    assert kept(plane, plane).share == 1
    mixed = kept(plane, rng.permutation(plane))
    assert mixed.share < 0.15
    assert mixed.chance == 10 / 199
    anchors, _ = clouds()
    assert base_map(anchors, "tsne").kept.share > base_map(anchors, "tsne").kept.chance


def test_a_plane_of_one_dimension_is_flat() -> None:
    places = principal(np.arange(6.0)[:, None], 2)
    assert np.allclose(places[:, 0], np.arange(6) - 2.5)
    assert not places[:, 1].any()


def test_too_few_anchors_have_no_map() -> None:
    assert base_map(np.zeros((4, 3)), "pca") is None
