"""Maps: the same anchors give the same map, and points placed later move nothing."""

import numpy as np
import pytest

from bort.core.errors import InvalidDataError
from bort.figures.projection import stable_map, text_vectors


def clouds(n: int = 30, d: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    which = np.repeat([0, 1, 2], n)
    return rng.normal(size=(3, d))[which] * 10 + rng.normal(size=(3 * n, d)), which


@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_neighbours_of_a_cloud_stay_together_on_the_map(kind) -> None:
    anchors, which = clouds(15)
    place = stable_map(anchors, kind=kind)
    places = place(anchors)
    assert places.shape == (len(anchors), 2)
    distances = np.linalg.norm(places[:, None] - places, axis=2) + np.diag([np.inf] * len(places))
    assert np.mean(which[distances.argmin(axis=1)] == which) > 0.95


@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_a_map_is_stable(kind) -> None:
    anchors, _ = clouds(10)
    first, again = stable_map(anchors, kind=kind), stable_map(anchors, kind=kind)
    new = anchors[:4] + 0.01
    assert np.allclose(first(anchors), again(anchors))
    assert np.allclose(first(np.vstack([anchors, new]))[: len(anchors)], first(anchors))
    near, spread = first(new) - first(anchors[:4]), first(anchors).std()
    assert np.linalg.norm(near, axis=1).max() < spread


def test_a_plane_of_one_dimension_is_flat() -> None:
    places = stable_map(np.arange(6.0)[:, None], kind="pca")(np.array([[10.0]]))
    assert np.allclose(places, [[7.5, 0.0]])


def test_too_few_anchors_are_refused() -> None:
    with pytest.raises(InvalidDataError, match="5 dev items or more, got 2"):
        stable_map(np.zeros((2, 3)), kind="pca")


def test_texts_with_the_same_words_lie_near() -> None:
    anchors = ["a warm and funny film", "a dull film", "the battery is weak", "the phone is warm"]
    vectors = text_vectors(anchors, ["a funny film", "the battery", "🙂"])
    assert vectors.shape[0] == 3
    known = text_vectors(anchors, anchors)
    assert (known @ vectors[0]).argmax() in (0, 1)
    assert (known @ vectors[1]).argmax() == 2
    assert not vectors[2].any()


@pytest.mark.parametrize("anchors", [["same"] * 5, [""] * 5])
def test_texts_without_words_are_refused(anchors) -> None:
    with pytest.raises(InvalidDataError, match="too few different words"):
        text_vectors(anchors, ["x"])
