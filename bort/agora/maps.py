"""Maps of a run's items in the plane: fitted once, to the dev items, and never moved.

Later points are inserted among the fitted ones, so every point stays where it is from round to
round. Fitting is a job's work; a page only reads the places.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bort.agora.loop.values import BoolArray, FloatArray, IntArray

Kind = Literal["pca", "tsne"]
KINDS: tuple[Kind, ...] = ("tsne", "pca")

PERPLEXITY = 30.0  # van der Maaten & Hinton 2008 give 5 to 50 as typical
DIMENSIONS = 50  # t-SNE compares the first principal components, as van der Maaten & Hinton do
NEIGHBOURS = 5  # a later point is placed among this many fitted ones [ours]
FITTED_AT_MOST = 2_000  # a larger base is inserted into the map of a part of it
JUDGED_AT_MOST = 2_000
JUDGED_NEIGHBOURS = 10
FAR = 0.99  # off the map: farther from the base than this share of the base is from itself [ours]
FEWEST = 5
_BATCH = 512


@dataclass(frozen=True, eq=False, slots=True)
class Kept:
    """How well a map keeps neighbourhoods.

    Attributes:
        share: of an item's `JUDGED_NEIGHBOURS` nearest items, how many are among as many nearest
            ones on the map; the mean over items, 0..1.
        chance: the same on a map of random places.
    """

    share: float
    chance: float


@dataclass(frozen=True, eq=False, slots=True)
class BaseMap:
    """A fitted map.

    Attributes:
        anchors: the vectors that it is fitted to, shape (n, d).
        places: their places, shape (n, 2).
        far: the distance from the nearest anchor beyond which a point is off the map.
        kept: how well the map keeps neighbourhoods.
    """

    anchors: FloatArray
    places: FloatArray
    far: float
    kept: Kept

    def insert(self, vectors: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Place vectors among their nearest anchors, weighted by nearness; nothing else moves.

        Args:
            vectors: shape (m, d).
        Returns:
            Places, shape (m, 2), and which of them are off the map, shape (m,).
        Cost: O(n m d).
        """
        distances, nearest = _nearest(vectors, self.anchors, NEIGHBOURS)
        weights = 1 / (distances**2 + 1e-9)
        weights /= weights.sum(axis=1, keepdims=True)
        places = (weights[:, :, None] * self.places[nearest]).sum(axis=1)
        return places, distances[:, 0] > self.far


def base_map(anchors: FloatArray, kind: Kind, *, seed: int = 0) -> BaseMap | None:
    """Fit a map to the anchors; the same anchors and seed give the same map.

    Args:
        anchors: shape (n, d).
        kind: "pca", the plane of largest variance; or "tsne", in which neighbours stay
            neighbours and distances between groups mean nothing.
    Returns:
        The map; None for fewer than `FEWEST` anchors.
    Cost: "tsne" loads scikit-learn, and takes seconds: at most `FITTED_AT_MOST` anchors are
        fitted, and the others inserted.
    Source: L. van der Maaten, G. Hinton (2008), *Visualizing data using t-SNE*, JMLR 9.
    """
    if len(anchors) < FEWEST:
        return None
    if kind == "pca":
        places = principal(anchors, 2)
    elif len(anchors) <= FITTED_AT_MOST:
        places = _neighbourhoods(anchors, seed)
    else:
        rng = np.random.default_rng(seed)
        chosen = np.sort(rng.choice(len(anchors), FITTED_AT_MOST, replace=False))
        part = restored(anchors[chosen], _neighbourhoods(anchors[chosen], seed))
        places = part.insert(anchors)[0]
        places[chosen] = part.places
    return restored(anchors, places)


def restored(anchors: FloatArray, places: FloatArray) -> BaseMap:
    """Make the map again from its anchors and their stored places."""
    own = _nearest(anchors, anchors, 2)[0][:, 1] if len(anchors) > 1 else np.zeros(1)
    return BaseMap(anchors, places, float(np.quantile(own, FAR)), kept(anchors, places))


def kept(vectors: FloatArray, places: FloatArray, *, seed: int = 0) -> Kept:
    """Compare the nearest neighbours in space and on the map.

    Args:
        vectors: shape (n, d).
        places: shape (n, 2).
    """
    n = len(vectors)
    k = min(JUDGED_NEIGHBOURS, n - 1)
    if k < 1:
        return Kept(1.0, 1.0)
    rng = np.random.default_rng(seed)
    judged = rng.permutation(n)[:JUDGED_AT_MOST]
    in_space = _nearest(vectors[judged], vectors, k + 1)[1]
    on_map = _nearest(places[judged], places, k + 1)[1]
    # An item is its own nearest neighbour, in space and on the map.
    same = (in_space[:, :, None] == on_map[:, None, :]).any(axis=2)
    same &= in_space != judged[:, None]
    return Kept(float(np.minimum(same.sum(axis=1), k).mean() / k), k / (n - 1))


def principal(anchors: FloatArray, dimensions: int) -> FloatArray:
    """Return the first principal components, shape (n, dimensions); blank ones are 0."""
    centred = anchors - anchors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes.T[::-1][:dimensions]
    # The sign of an axis is arbitrary, so its largest part is made positive.
    strongest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    axes = axes * np.where(strongest < 0, -1.0, 1.0)
    found = np.zeros((len(anchors), dimensions))
    found[:, : len(axes)] = centred @ axes.T
    return found


def _neighbourhoods(anchors: FloatArray, seed: int) -> FloatArray:
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(anchors) - 1) / 3)
    components = principal(anchors, min(DIMENSIONS, anchors.shape[1]))
    start = principal(anchors, 2)
    start = 1e-4 * start / max(start[:, 0].std(), 1e-12)  # Kobak & Berens 2019
    found = TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(components)
    places: FloatArray = found.astype(float)
    return places


def _nearest(vectors: FloatArray, anchors: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
    """Find the nearest anchors, the nearest first: distances and rows, both shape (m, k)."""
    k = min(k, len(anchors))
    distances, rows = np.empty((len(vectors), k)), np.empty((len(vectors), k), dtype=np.int64)
    square = (anchors**2).sum(axis=1)
    for begin in range(0, len(vectors), _BATCH):
        batch = vectors[begin : begin + _BATCH]
        squares = (batch**2).sum(axis=1)[:, None] - 2 * batch @ anchors.T + square
        near = np.argpartition(squares, k - 1, axis=1)[:, :k]
        found = np.take_along_axis(squares, near, axis=1)
        order = np.argsort(found, axis=1, kind="stable")
        rows[begin : begin + _BATCH] = np.take_along_axis(near, order, axis=1)
        found = np.take_along_axis(found, order, axis=1)
        distances[begin : begin + _BATCH] = np.sqrt(np.maximum(found, 0))
    return distances, rows
