"""BoTorch's expected gain in hypervolume (qLogEHVI) on a table.

Every architecture that is not evaluated yet is a candidate, so no proposal is lost. Models see the
logarithms of what they predict, which helps them; the gain is computed in the table's own units,
with the reference point of the comparison.
"""

import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.search.samplers import Evaluated, Propose
from benchmarks.search.table import BenchmarkTable
from bort.core.errors import MissingExtraError
from bort.search.arrays import FloatArray

if TYPE_CHECKING:
    import torch

STARTS = 1  # random evaluations before the first model, beyond one per dimension
DRAWS = 64  # quasi-random draws of the posterior
CHUNK = 512  # candidates at a time: bounds the memory


def hypervolume_gain(*, knows_costs: bool) -> Propose:
    """Propose the candidate with the largest expected gain in hypervolume.

    Args:
        knows_costs: sizes and latencies are given exactly, and only ln e has a model; otherwise
            each objective has one.
    """

    def propose(table: BenchmarkTable, seed: int, limit: int) -> Iterator[Evaluated]:
        torch = _torch()
        torch.manual_seed(seed)
        features = torch.tensor(_features(table), dtype=torch.double)
        costs = torch.tensor(_logs(table), dtype=torch.double)
        starts = int(table.problem.matters.sum()) + STARTS
        seen: list[int] = []
        for row in np.random.default_rng(seed).permutation(len(table))[: min(starts, limit)]:
            seen.append(int(row))
            yield Evaluated(int(row))
        while len(seen) < limit:
            rest = np.setdiff1d(np.arange(len(table)), seen)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                gain = _gain(table, features, costs, seen, knows_costs, seed)
                with torch.no_grad():
                    parts = torch.tensor(rest).split(CHUNK)
                    gains = torch.cat(
                        [gain(_inputs(features, costs, p, knows_costs).unsqueeze(1)) for p in parts]
                    )
            row = int(rest[int(gains.argmax())])
            seen.append(row)
            yield Evaluated(row)

    return propose


def _gain(
    table: BenchmarkTable,
    features: "torch.Tensor",
    costs: "torch.Tensor",
    seen: list[int],
    knows_costs: bool,
    seed: int,
) -> Any:
    torch = _torch()
    from botorch.acquisition.multi_objective.logei import qLogExpectedHypervolumeImprovement
    from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
    from botorch.models import ModelListGP
    from botorch.models.deterministic import GenericDeterministicModel
    from botorch.models.model import ModelList
    from botorch.sampling.index_sampler import IndexSampler
    from botorch.sampling.list_sampler import ListSampler
    from botorch.sampling.normal import SobolQMCNormalSampler
    from botorch.utils.multi_objective.box_decompositions.non_dominated import (
        FastNondominatedPartitioning,
    )

    inputs = _inputs(features, costs, torch.tensor(seen), knows_costs)
    width = features.shape[1]
    reference = torch.tensor(table.reference)
    objective = GenericMCMultiOutputObjective(
        lambda y, X=None: -y.exp() / reference  # noqa: ARG005
    )
    normal = SobolQMCNormalSampler(torch.Size([DRAWS]), seed=seed)
    if knows_costs:
        known = [
            GenericDeterministicModel(lambda X, k=width + k: X[..., k : k + 1]) for k in range(2)
        ]
        model = ModelList(*known, _fitted(inputs, costs[seen, 2:], width))
        index = IndexSampler(torch.Size([DRAWS]))
        sampler = ListSampler(index, index, normal)
    else:
        model = ModelListGP(*(_fitted(inputs, costs[seen, k : k + 1], width) for k in range(3)))
        sampler = normal
    worst = -torch.ones(3, dtype=torch.double)
    return qLogExpectedHypervolumeImprovement(
        model=model,
        ref_point=worst,
        partitioning=FastNondominatedPartitioning(worst, objective(costs[seen])),
        objective=objective,
        sampler=sampler,
    )


def _fitted(inputs: "torch.Tensor", values: "torch.Tensor", width: int) -> Any:
    """Fit BoTorch's default process to the first `width` columns."""
    from botorch.exceptions import ModelFittingError
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from botorch.models.transforms.input import FilterFeatures
    from gpytorch.mlls import ExactMarginalLogLikelihood

    model = SingleTaskGP(
        inputs,
        values,
        outcome_transform=Standardize(1),
        input_transform=FilterFeatures(_torch().arange(width)),
    )
    try:
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    except ModelFittingError:
        model.eval()  # its prior's most likely parameters then stand
    return model


def _inputs(
    features: "torch.Tensor", costs: "torch.Tensor", rows: "torch.Tensor", knows_costs: bool
) -> "torch.Tensor":
    if not knows_costs:
        return features[rows]
    tensor: torch.Tensor = _torch().cat([features[rows], costs[rows, :2]], dim=1)
    return tensor


def _features(table: BenchmarkTable) -> FloatArray:
    """Scale each dimension's positions to [0, 1]; a category has a column per value."""
    columns = []
    for k in np.flatnonzero(table.problem.matters):
        values, codes = np.unique(table.problem.coordinates[:, k], return_inverse=True)
        if table.problem.categorical[k]:
            columns += [(codes == code) / math.sqrt(2) for code in range(len(values))]
        else:
            columns.append(codes / (len(values) - 1))
    return np.column_stack(columns)


def _logs(table: BenchmarkTable) -> FloatArray:
    """The objectives' logarithms; an error of 0 is floored as in our search."""
    costs = table.costs.copy()
    costs[:, 2] = [table.observe(row).error for row in range(len(table))]
    return np.asarray(np.log(costs))


def _torch() -> Any:
    try:
        import botorch  # noqa: F401
        import torch
    except ImportError:
        raise MissingExtraError(
            "BoTorch's samplers need the extra `bench`, which is not installed; install it with: "
            "pip install 'bort[bench]', or leave them out with --samplers certified,random"
        ) from None
    return torch
