"""Samplers for any inputs: retrieval from an unlabelled pool, and mixtures of samplers."""

from collections.abc import Sequence

import numpy as np

from bort.agora.loop.parts import Known, Proposals, Represent, Sampler
from bort.agora.loop.values import BoolArray, FloatArray, Inputs, IntArray, identities, joined
from bort.core.errors import InvalidOptionError

BLOCK = 256  # points whose distances are computed at once: 14 MB for a pool of 7,000
SHORTLIST = 32  # pool items to try per point before the distances are computed again


class Pool:
    """Unlabelled items and their vectors.

    Args:
        items: m inputs; may be empty.
        vectors: shape (m, d), their representation.
    Raises:
        InvalidOptionError: the numbers of items and vectors differ.
    """

    def __init__(self, items: Inputs, vectors: FloatArray) -> None:
        if len(items) != len(vectors):
            raise InvalidOptionError(
                f"{len(items)} pool items need as many vectors, got {len(vectors)}"
            )
        self.items = items
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._squares = np.square(self._vectors).sum(axis=1)
        self._identities = identities(items)

    def __len__(self) -> int:
        return len(self.items)

    def free(self, known: Known) -> BoolArray:
        """Mark the items that are not known yet, shape (m,)."""
        return np.array([identity not in known for identity in self._identities], dtype=bool)

    def pick(
        self,
        vectors: FloatArray,
        radius: float,
        rng: np.random.Generator,
        *,
        free: BoolArray,
        choices: int,
    ) -> IntArray:
        """Pick an item near each vector, and none twice.

        Args:
            vectors: shape (n, d).
            radius: the largest distance of an item from its vector.
            free: shape (m,), the items that may be picked; not changed.
            choices: draw one of this many nearest free items.
        Returns:
            Positions in the pool, shape (n,); -1 if nothing is left within the radius.
        Cost: n · m · d multiply-adds, in blocks; 10,000 times 7,000 items of 384 dimensions
            take 0.9 s on one core.
        """
        found = np.full(len(vectors), -1, dtype=np.int64)
        left = np.arange(len(vectors))
        free = free.copy()
        while len(left) and free.any():
            unserved: list[int] = []
            for start in range(0, len(left), BLOCK):
                block = left[start : start + BLOCK]
                for point, near, is_full in zip(
                    block.tolist(), *self._shortlists(vectors[block], radius, free), strict=True
                ):
                    still = near[free[near]][:choices]
                    if len(still):
                        found[point] = rng.choice(still)
                        free[found[point]] = False
                    elif is_full:  # its whole shortlist was taken, but there may be more items
                        unserved.append(point)
            left = np.array(unserved, dtype=np.int64)
        return found

    def _shortlists(
        self, vectors: FloatArray, radius: float, free: BoolArray
    ) -> tuple[list[IntArray], list[bool]]:
        """Return each vector's nearest free items, nearest first, and whether more may exist."""
        points = np.asarray(vectors, dtype=np.float32)
        squares = np.square(points).sum(axis=1)[:, None] + self._squares
        distances = np.sqrt(np.maximum(squares - 2 * points @ self._vectors.T, 0))
        distances[:, ~free] = np.inf
        count = min(SHORTLIST, len(self))
        near = np.argpartition(distances, count - 1, axis=1)[:, :count]
        lists = []
        for row, places in zip(distances, near, strict=True):
            ordered = places[np.lexsort((places, row[places]))]
            lists.append(ordered[row[ordered] <= radius])
        return lists, [len(found) == count for found in lists]


class RetrievalSampler:
    """Picks one of the pool items nearest to each point.

    Args:
        pool: the items; an empty pool proposes nothing.
        choices: draw one of this many nearest unknown items within the radius. 1 takes the
            nearest, more give more variety.
    """

    name = "retrieval"

    def __init__(self, pool: Pool, represent: Represent, *, choices: int = 3) -> None:
        if choices < 1:
            raise InvalidOptionError(f"retrieval needs at least 1 choice, got {choices}")
        self._pool, self._represent, self._choices = pool, represent, choices

    def sample_near(
        self, points: Inputs, radius: float, rng: np.random.Generator, *, known: Known = frozenset()
    ) -> Proposals:
        """Propose at most one pool item per point, none twice; fewer if the pool runs out."""
        free = self._pool.free(known)
        if not len(points) or not free.any():
            return retrieved(self._pool, np.full(len(points), -1), self.name)
        queries = self._queries(points, rng)
        picked = self._pool.pick(queries, radius, rng, free=free, choices=self._choices)
        return retrieved(self._pool, picked, self.name)

    def _queries(self, points: Inputs, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002
        """Choose where to look for an item near each point, in the representation space."""
        return self._represent(points)


def retrieved(pool: Pool, picked: IntArray | Sequence[int], name: str) -> Proposals:
    """Turn the picks of `Pool.pick` into proposals."""
    places = np.asarray(picked, dtype=np.int64)
    parents = np.flatnonzero(places >= 0)
    return Proposals(pool.items[places[parents]], parents, (name,) * len(parents))


class MixtureSampler:
    """Divides the points among several samplers by fixed shares.

    Args:
        shares: pairs of a sampler and its share; shares are positive and need not sum to 1.
    Raises:
        InvalidOptionError: there is no sampler, or a share is not positive.
    """

    name = "mixture"

    def __init__(self, shares: Sequence[tuple[Sampler, float]]) -> None:
        if not shares or not all(0 < share < np.inf for _, share in shares):
            raise InvalidOptionError(
                f"a mixture needs samplers with shares above 0, got {[s for _, s in shares]}"
            )
        self._samplers = tuple(sampler for sampler, _ in shares)
        weights = np.array([share for _, share in shares])
        self._shares = weights / weights.sum()

    def sample_near(
        self, points: Inputs, radius: float, rng: np.random.Generator, *, known: Known = frozenset()
    ) -> Proposals:
        """Join the proposals of all samplers, each for its share of `points`."""
        made = [
            (mine, sampler.sample_near(points[mine], radius, rng, known=known))
            for sampler, mine in zip(self._samplers, self._split(len(points), rng), strict=True)
        ]
        return Proposals(
            joined([proposals.inputs for _, proposals in made]),
            np.concatenate([mine[proposals.parents] for mine, proposals in made]),
            tuple(name for _, proposals in made for name in proposals.samplers),
        )

    def _split(self, n: int, rng: np.random.Generator) -> list[IntArray]:
        """Draw the points for each sampler; shares are exact up to rounding."""
        bounds = np.rint(np.cumsum(self._shares) * n).astype(int)
        return [np.sort(part) for part in np.split(rng.permutation(n), bounds[:-1])]
