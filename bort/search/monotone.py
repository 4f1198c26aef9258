"""Whether larger architectures were as good as the monotone assumption says."""

from collections.abc import Mapping

import numpy as np

from bort.search.observation import Observation
from bort.search.problem import SearchProblem


def monotone_record(
    problem: SearchProblem, observations: Mapping[int, Observation]
) -> tuple[int, float]:
    """Comparable pairs of sources, and the worst ln l(larger) - ln u(smaller) among them.

    The worst is -inf where no two are comparable. Cost: O(|C|² K).
    """
    rows = np.array([i for i, o in observations.items() if o.is_source], dtype=np.int64)
    comparable = problem.is_no_larger(rows, rows)
    np.fill_diagonal(comparable, False)
    lower = np.log([observations[int(i)].lower for i in rows])
    upper = np.log([observations[int(i)].upper for i in rows])
    excess = np.where(comparable, lower[None, :] - upper[:, None], -np.inf)
    return int(comparable.sum()), float(excess.max(initial=-np.inf))
