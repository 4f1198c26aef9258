"""SMAC (random forest, ParEGO) on a table, with the same rules as Optuna's samplers."""

import tempfile
from collections.abc import Iterator
from typing import Any

from benchmarks.search.samplers import PROPOSALS, Evaluated
from benchmarks.search.table import BenchmarkTable
from bort.core.errors import MissingExtraError


def smac_parego(table: BenchmarkTable, seed: int, limit: int) -> Iterator[Evaluated]:
    """Ask SMAC's facade for hyperparameters, with one more start than there are dimensions.

    SMAC has no model of known costs: all three objectives are told.

    Source: Lindauer et al. 2022 (SMAC3); Knowles 2006 (ParEGO).
    """
    _check_installed()
    from smac import HyperparameterOptimizationFacade, Scenario
    from smac.main.exceptions import ConfigurationSpaceExhaustedException
    from smac.runhistory.dataclasses import TrialValue

    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            _space(table),
            objectives=["size", "latency", "error"],
            n_trials=PROPOSALS * limit,
            deterministic=True,
            seed=seed,
            output_directory=folder,
        )
        facade = HyperparameterOptimizationFacade(
            scenario,
            lambda config, seed=0: [0.0] * 3,  # noqa: ARG005 (never called: we ask and tell)
            initial_design=HyperparameterOptimizationFacade.get_initial_design(
                scenario, n_configs=1 + int(table.problem.matters.sum())
            ),
            multi_objective_algorithm=(
                HyperparameterOptimizationFacade.get_multi_objective_algorithm(scenario)
            ),
            logging_level=False,
            overwrite=True,
        )
        seen: set[int] = set()
        for _ in range(PROPOSALS * limit):
            if len(seen) == limit:
                return
            try:
                trial = facade.ask()
            except ConfigurationSpaceExhaustedException:
                return  # it has proposed all of a small table, or only repeats itself
            row = table.find(_choice(table, dict(trial.config)))
            cost = [float("inf")] * 3 if row is None else table.costs[row].tolist()
            facade.tell(trial, TrialValue(cost=cost))
            if row is not None and row not in seen:
                seen.add(row)
                yield Evaluated(row)


def _space(table: BenchmarkTable) -> Any:
    from ConfigSpace import Categorical, ConfigurationSpace, Integer

    return ConfigurationSpace(
        space={
            name: Categorical(name, [str(v) for v in values])
            if is_categorical or len(values) == 1
            else Integer(name, (0, len(values) - 1))
            for (name, values), is_categorical in zip(
                table.choices.items(), table.problem.categorical, strict=True
            )
        }
    )


def _choice(table: BenchmarkTable, config: dict[str, Any]) -> dict[str, Any]:
    return {
        name: values[config[name]]
        if not isinstance(config[name], str)
        else next(v for v in values if str(v) == config[name])
        for name, values in table.choices.items()
    }


def _check_installed() -> None:
    try:
        import smac  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            "SMAC needs the extra `bench`, which is not installed; install it with: "
            "pip install 'bort[bench]', or leave it out with --samplers certified,random"
        ) from None
