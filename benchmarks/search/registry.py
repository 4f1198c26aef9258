"""Every sampler that `bort bench search` can compare, by name."""

from functools import partial

from benchmarks.search import optuna_samplers as optuna
from benchmarks.search.botorch_samplers import hypervolume_gain
from benchmarks.search.measures import SHARES
from benchmarks.search.samplers import (
    Sampler,
    certified_cover,
    certified_front,
    guide_from_random_starts,
    random_search,
)
from benchmarks.search.smac_sampler import smac_parego
from bort.core.errors import InvalidOptionError

OURS = "certified"
COVER = "certified-cover"
GUIDE = "guide"
# Few, because each proposal fits the process again: a run takes minutes and slows down.
_GP = {"seeds": 5, "most_evaluations": 48}
# Slow too, so a run ends at the last share that is counted.
_until_found = partial(Sampler, most_evaluations=60, until=SHARES[-1])
SAMPLERS = {
    sampler.name: sampler
    for sampler in (
        Sampler(OURS, "certified search, with a budget", certified_front, seeds=1),
        Sampler(COVER, "certified search, to ε = 0.25", certified_cover, seeds=1),
        Sampler(GUIDE, "our guide, random starts", guide_from_random_starts),
        Sampler("random", "random search", random_search),
        Sampler("nsga2", "Optuna NSGA-II", optuna.three_objectives(optuna.nsga_ii)),
        Sampler("tpe", "Optuna TPE", optuna.three_objectives(optuna.tpe)),
        Sampler("gp", "Optuna GP", optuna.three_objectives(optuna.gaussian_process), **_GP),
        Sampler(
            "nsga2-known", "NSGA-II, known costs", optuna.scalarised_runs(optuna.small_nsga_ii)
        ),
        Sampler("tpe-known", "TPE, known costs", optuna.scalarised(optuna.tpe)),
        Sampler("gp-known", "GP, known costs", optuna.scalarised(optuna.gaussian_process), **_GP),
        _until_found("smac", "SMAC", smac_parego),
        _until_found("botorch", "BoTorch qLogEHVI", hypervolume_gain(knows_costs=False)),
        _until_found(
            "botorch-known",
            "BoTorch qLogEHVI, known costs",
            hypervolume_gain(knows_costs=True),
        ),
    )
}


def choose_samplers(names: str) -> list[Sampler]:
    """Choose samplers by comma-separated names; "all" means all of them.

    Raises:
        InvalidOptionError: an unknown name.
    """
    if names.strip() == "all":
        return list(SAMPLERS.values())
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in chosen if name not in SAMPLERS]
    if unknown or not chosen:
        raise InvalidOptionError(
            f"unknown sampler {', '.join(unknown) or '(none named)'}; choose from all, "
            f"{', '.join(SAMPLERS)}"
        )
    return [SAMPLERS[name] for name in dict.fromkeys(chosen)]
