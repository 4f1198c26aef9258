"""Optuna's samplers on a table, with three objectives or scalarised ones.

A proposal that was evaluated before is answered from memory and costs nothing, which favours
samplers that repeat themselves. A proposal that the table does not contain fails, as training an
impossible architecture would. Both count towards a limit on proposals.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from benchmarks.search.samplers import PROPOSALS, Evaluated, Propose
from benchmarks.search.table import BenchmarkTable
from bort.core.errors import MissingExtraError
from bort.search.arrays import FloatArray

if TYPE_CHECKING:
    import optuna

AUGMENTATION = 0.05  # of the augmented Tchebycheff function; Knowles 2006 (ParEGO)
RUN_LENGTH = 20  # proposals of one single-objective run that cannot start with earlier trials
MakeSampler: TypeAlias = "Callable[[int], optuna.samplers.BaseSampler]"


def tpe(seed: int) -> "optuna.samplers.BaseSampler":
    """Make the tree-structured Parzen estimator with Optuna's defaults."""
    sampler: optuna.samplers.BaseSampler = _optuna().samplers.TPESampler(seed=seed)
    return sampler


def nsga_ii(seed: int) -> "optuna.samplers.BaseSampler":
    """Make NSGA-II with Optuna's defaults: a population of 50."""
    sampler: optuna.samplers.BaseSampler = _optuna().samplers.NSGAIISampler(seed=seed)
    return sampler


def small_nsga_ii(seed: int) -> "optuna.samplers.BaseSampler":
    """Make NSGA-II with a population small enough for a run of `RUN_LENGTH` proposals."""
    sampler: optuna.samplers.BaseSampler = _optuna().samplers.NSGAIISampler(
        seed=seed, population_size=RUN_LENGTH // 4
    )
    return sampler


def gaussian_process(seed: int) -> "optuna.samplers.BaseSampler":
    """Make Optuna's Gaussian process for an objective without noise."""
    sampler: optuna.samplers.BaseSampler = _optuna().samplers.GPSampler(
        seed=seed, deterministic_objective=True
    )
    return sampler


def three_objectives(make: MakeSampler) -> Propose:
    """Use a sampler as most users do: one study with three directions."""

    def propose(table: BenchmarkTable, seed: int, limit: int) -> Iterator[Evaluated]:
        grid = _Grid(table)
        study = _optuna().create_study(directions=["minimize"] * 3, sampler=make(seed))
        seen: set[int] = set()
        for _ in range(PROPOSALS * limit):
            if len(seen) == limit:
                return
            row = grid.ask(study, lambda row: table.costs[row].tolist())
            if row is not None and row not in seen:
                seen.add(row)
                yield Evaluated(row)

    return _quietly(propose)


def scalarised(make: MakeSampler) -> Propose:
    """Run single-objective studies on augmented Tchebycheff values, each with random weights.

    Sizes and latencies are scaled by their known ranges. Each study proposes one architecture and
    starts with everything evaluated so far, scored with its own weights.

    Source: Knowles 2006 (ParEGO).
    """

    def propose(table: BenchmarkTable, seed: int, limit: int) -> Iterator[Evaluated]:
        grid, rng = _Grid(table), np.random.default_rng(seed)
        seen: list[int] = []
        for _ in range(PROPOSALS * limit):
            if len(seen) == limit:
                return
            score = _tchebycheff(table, seen, rng.dirichlet(np.ones(3)))
            sampler = make(int(rng.integers(2**31)))
            study = _optuna().create_study(sampler=sampler)
            study.add_trials([grid.trial(row, score(row)) for row in seen])
            row = grid.ask(study, score)
            if row is not None and row not in seen:
                seen.append(row)
                yield Evaluated(row)

    return _quietly(propose)


def scalarised_runs(make: MakeSampler) -> Propose:
    """Do the same in short separate runs, for samplers that cannot start with earlier trials."""

    def propose(table: BenchmarkTable, seed: int, limit: int) -> Iterator[Evaluated]:
        grid, rng = _Grid(table), np.random.default_rng(seed)
        seen: list[int] = []
        for number in range(PROPOSALS * limit):
            if len(seen) == limit:
                return
            if number % RUN_LENGTH == 0:
                score = _tchebycheff(table, seen, rng.dirichlet(np.ones(3)))
                study = _optuna().create_study(sampler=make(int(rng.integers(2**31))))
            row = grid.ask(study, score)
            if row is not None and row not in seen:
                seen.append(row)
                yield Evaluated(row)

    return _quietly(propose)


@dataclass(frozen=True)
class _Grid:
    """A table's dimensions as Optuna distributions: positions on a scale, or categories."""

    table: BenchmarkTable

    @cached_property
    def distributions(self) -> "dict[str, optuna.distributions.BaseDistribution]":
        kinds = _optuna().distributions
        return {
            name: kinds.CategoricalDistribution(values)
            if is_categorical
            else kinds.IntDistribution(0, len(values) - 1)
            for (name, values), is_categorical in zip(
                self.table.choices.items(), self.table.problem.categorical, strict=True
            )
        }

    def ask(self, study: "optuna.Study", score: Callable[[int], Any]) -> int | None:
        """Ask for a proposal and tell its score; None if the table has no such architecture."""
        trial = study.ask(self.distributions)
        choices = self.table.choices.items()
        row = self.table.find(
            {
                name: values[p] if isinstance(p := trial.params[name], int) else p
                for name, values in choices
            }
        )
        if row is None:
            study.tell(trial, state=_optuna().trial.TrialState.FAIL)
        else:
            study.tell(trial, score(row))
        return row

    def trial(self, row: int, value: float) -> "optuna.trial.FrozenTrial":
        """Make a finished trial from an architecture that was evaluated before."""
        chosen = self.table.choice(row)
        params = {
            name: values.index(chosen[name]) if not is_categorical else chosen[name]
            for (name, values), is_categorical in zip(
                self.table.choices.items(), self.table.problem.categorical, strict=True
            )
        }
        trial: optuna.trial.FrozenTrial = _optuna().trial.create_trial(
            params=params, distributions=self.distributions, value=value
        )
        return trial


def _tchebycheff(
    table: BenchmarkTable, seen: list[int], weights: FloatArray
) -> Callable[[int], float]:
    low, high = table.costs.min(axis=0), table.costs.max(axis=0)
    errors = table.costs[seen, 2]  # only evaluated errors are known
    low[2], high[2] = (errors.min(), errors.max()) if len(seen) > 1 else (0.0, 1.0)
    spans = np.where(high > low, high - low, 1.0)

    def score(row: int) -> float:
        terms = weights * (table.costs[row] - low) / spans
        return float(terms.max() + AUGMENTATION * terms.sum())

    return score


def _quietly(propose: Propose) -> Propose:
    """Silence Optuna's messages per trial and its warnings about experimental features."""

    def quiet(table: BenchmarkTable, seed: int, limit: int) -> Iterator[Evaluated]:
        optuna = _optuna()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        proposals = propose(table, seed, limit)
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                evaluated = next(proposals, None)
            if evaluated is None:
                return
            yield evaluated

    return quiet


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise MissingExtraError(
            "Optuna's samplers need the extra `bench`, which is not installed; install it with: "
            "pip install 'bort[bench]', or leave them out with --samplers ours,random"
        ) from None
    return optuna
