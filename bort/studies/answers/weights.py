"""Find the cost weights for which a trained architecture is best; reads the store."""

from collections.abc import Iterable

import numpy as np

from bort.search.pareto import is_non_dominated
from bort.search.w_coefficient import WeightRegion, weight_region
from bort.storage import Store, StudyRecord
from bort.studies.answers.read import study_costs, study_evidence


def winning_weights(
    store: Store, study: StudyRecord, ids: Iterable[str]
) -> dict[str, WeightRegion]:
    """Find, for each architecture, the cost weights for which it has the largest W.

    Among the trained ones, by point estimate; untrained ones have no W yet.

    Args:
        ids: of architectures; those that are not trained are left out of the answer.
    Cost: two queries, and O(front) for each of `ids`: a dominated one never wins alone.
    """
    costs = study_costs(store, study)
    if costs is None:
        return {}
    known = study_evidence(store, study, costs).known
    trained = {i: o.error for i, o in known.items() if o.is_witness}
    index = {costs.space.architecture(i).id: i for i in trained}
    size, latency = costs.problem.size, costs.problem.latency
    rows, errors = np.array(list(trained), dtype=np.int64), np.array(list(trained.values()))
    front = is_non_dominated(np.column_stack([size[rows], latency[rows], errors]))
    rivals = {int(i): e for i, e in zip(rows[front], errors[front], strict=True)}
    regions = {}
    for name in ids:
        if name in index:
            compared = rivals | {index[name]: trained[index[name]]}
            regions[name] = weight_region(
                size,
                latency,
                np.array(list(compared.values())),
                rows=np.array(list(compared), dtype=np.int64),
                picked=index[name],
            )
    return regions
