"""Stable maps: positions in the plane that do not move when points are added.

A map is fitted once, to the fixed items of a run (its anchors), with a fixed seed. It also places
later points, so every point stays where it is from round to round.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from bort.core.errors import InvalidDataError

FloatArray = npt.NDArray[np.float64]
Kind = Literal["pca", "tsne"]
Place = Callable[[FloatArray], FloatArray]
"""Maps vectors of shape (n, d) to places of shape (n, 2)."""

PERPLEXITY = 30.0  # van der Maaten & Hinton 2008 give 5 to 50 as typical
NEIGHBOURS = 5  # a later point is placed among this many anchors [ours]
TEXT_DIMENSIONS = 50
FEWEST = 5
_BATCH = 512


def stable_map(anchors: FloatArray, *, kind: Kind, seed: int = 0) -> Place:
    """Fit a map to the anchors; the same anchors and seed give the same map.

    Args:
        anchors: shape (n, d).
        kind: "pca", the plane of largest variance; or "tsne", in which neighbours stay
            neighbours and distances mean nothing. In the latter, a vector that is not an anchor
            is placed among its nearest anchors, weighted by nearness [ours].
    Raises:
        InvalidDataError: fewer than `FEWEST` anchors.
    Cost: "tsne" loads scikit-learn, and takes seconds for 1,500 anchors.
    Source: L. van der Maaten, G. Hinton (2008), *Visualizing data using t-SNE*, JMLR 9.
    """
    if len(anchors) < FEWEST:
        raise InvalidDataError(
            f"a map needs {FEWEST} dev items or more, got {len(anchors)}; there is nothing to draw"
        )
    return _plane(anchors) if kind == "pca" else _neighbourhoods(anchors, seed)


def text_vectors(anchors: Sequence[str], texts: Sequence[str], *, seed: int = 0) -> FloatArray:
    """Turn texts into vectors by their words: shape (number of texts, at most `TEXT_DIMENSIONS`).

    Uses tf-idf and latent semantic analysis of it, both fitted only to `anchors`, so a text's
    vector does not depend on other texts. Loads scikit-learn.

    Raises:
        InvalidDataError: the anchors contain fewer than three different words.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\S+")
    try:
        rows = words.fit_transform(anchors)
    except ValueError:  # they contain no word at all
        rows = np.zeros((0, 0))
    if min(rows.shape) < 3:
        raise InvalidDataError("the dev texts contain too few different words to draw a map")
    reduction = TruncatedSVD(min(TEXT_DIMENSIONS, min(rows.shape) - 1), random_state=seed)
    reduction.fit(rows)
    vectors: FloatArray = reduction.transform(words.transform(texts))
    return vectors


def _plane(anchors: FloatArray) -> Place:
    centre = anchors.mean(axis=0)
    _, _, axes = np.linalg.svd(anchors - centre, full_matrices=False)
    axes = axes[:2]
    # The sign of an axis is arbitrary, so its largest part is made positive.
    strongest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    axes = axes * np.where(strongest < 0, -1.0, 1.0)
    if len(axes) < 2:
        axes = np.vstack([axes, np.zeros_like(axes)])
    return lambda vectors: np.asarray((vectors - centre) @ axes.T)


def _neighbourhoods(anchors: FloatArray, seed: int) -> Place:
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(anchors) - 1) / 3)
    start = _plane(anchors)(anchors)
    start = 1e-4 * start / max(start[:, 0].std(), 1e-12)  # Kobak & Berens 2019
    found = TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(anchors)
    places = found.astype(float)
    return lambda vectors: _among(vectors, anchors, places)


def _among(vectors: FloatArray, anchors: FloatArray, places: FloatArray) -> FloatArray:
    """Average the nearest anchors' positions, weighted by 1 / distance²: shape (n, 2)."""
    k = min(NEIGHBOURS, len(anchors))
    result = np.empty((len(vectors), 2))
    square = (anchors**2).sum(axis=1)
    for begin in range(0, len(vectors), _BATCH):
        batch = vectors[begin : begin + _BATCH]
        distances = (batch**2).sum(axis=1)[:, None] - 2 * batch @ anchors.T + square
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        near = np.take_along_axis(distances, nearest, axis=1)
        weights = 1 / (np.maximum(near, 0) + 1e-9)
        weights /= weights.sum(axis=1, keepdims=True)
        result[begin : begin + _BATCH] = (weights[:, :, None] * places[nearest]).sum(axis=1)
    return result
