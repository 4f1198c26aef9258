"""Measure a sample of a search space on this machine, and fit a model of the rest."""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bort.core.architecture import Architecture
from bort.core.errors import InvalidOptionError
from bort.core.machine import Fingerprint, this_machine
from bort.core.progress import OnStep, ProgressTo, ignore, towards
from bort.core.study import LatencySpec
from bort.families import SearchSpace
from bort.latency.kept_rounds import KeptRounds
from bort.latency.model import LatencyModel, fit, with_derived_terms
from bort.latency.profile import LatencyProfile, Measurement
from bort.latency.protocol import HANDFUL, FloatArray
from bort.latency.runtimes import runtime_kind
from bort.latency.timing import Instruments, Timing, never, time_models
from bort.latency.workload import (
    Blueprint,
    TextLengths,
    TextWork,
    Workload,
    check_threads,
    workload_of,
)

IntArray = NDArray[np.int64]

SMALLEST_COUNT = 8
SEARCH_COUNT = 48  # 24 to fit on, 24 to test; about 40 s on two cores for `minilm`
FAMILY_COUNT = 24  # of each of several families
POOL = 4_000  # architectures considered in larger spaces; more would hardly change the choice
MAX_FITTED = 32


def measure(
    space: SearchSpace,
    spec: LatencySpec,
    *,
    count: int,
    lengths: TextLengths | TextWork | None = None,
    seed: int = 0,
    name: str | None = None,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    on_step: OnStep = ignore,
    instruments: Instruments | None = None,
    kept: KeptRounds | None = None,
) -> Iterator[ProgressTo[LatencyProfile]]:
    """Measure `count` architectures, fit a model on min(32, count/2) and test it on the rest.

    Args:
        spec: runtime, batch size, sequence length, threads; `spec.profile` is ignored.
        lengths: lengths of a task's texts, instead of the spec's one sequence length.
        seed: seed for the choice of architectures and the order of rounds.
        name: name of the profile; by default made from space, runtime and time.
        wait: wait for another measurement to end, instead of raising.
        should_stop: True ends early. The profile then says `complete: false`; there is none if no
            round was complete.
        on_step: receives steps while it waits for another measurement.
        kept: keeps complete rounds, and has those of an earlier attempt.
    Returns:
        Steps; the last carries the profile. Measuring begins with the first step.
    Raises:
        InvalidOptionError: an impossible count, runtime, length or number of threads.
        MissingExtraError: the runtime is not installed.
        BusyError: at the first step, if another measurement is running and `wait` is off.
    Cost:
        Import and build 10 to 20 s, then about 40 s on a quiet machine (`Protocol.budget_seconds`),
        five minutes and a round at most on a noisy one.
    """
    sample = choose_sample(space, spec, count, seed, lengths)

    def model_of(medians_ms: FloatArray) -> LatencyModel:
        places = [place for place, row in enumerate(sample.rows) if row in sample.fitted]
        return fit(sample.terms, medians_ms, places)

    return measured(
        sample,
        model_of,
        name=name,
        wait=wait,
        should_stop=should_stop,
        on_step=on_step,
        instruments=instruments,
        kept=kept,
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """Architectures of a space to be measured on one runtime of this machine.

    Attributes:
        rows: their numbers in the space, the largest first: runtimes build them in this order.
        fitted: the rows that the model is fitted on.
        seed: orders the rounds.
    """

    space: SearchSpace
    runtime: str
    workload: Workload
    rows: Sequence[int]
    fitted: frozenset[int]
    seed: int

    @property
    def terms(self) -> dict[str, FloatArray]:
        """Compute operation terms of the sampled architectures, in order, each of shape (n,)."""
        terms = self.workload.terms(self.space)
        return {name: values[list(self.rows)] for name, values in terms.items()}

    @property
    def blueprints(self) -> list[Blueprint]:
        """List the blueprints to build and time, in the order of `rows`."""
        return [Blueprint.of(self.space, self.space.architecture(row)) for row in self.rows]

    @property
    def machine(self) -> Fingerprint:
        """This machine, with the software of the runtime."""
        libraries = runtime_kind(self.runtime).libraries
        return this_machine(libraries, threads=self.workload.threads)


def measured(
    sample: Sample,
    model_of: Callable[[FloatArray], LatencyModel],
    *,
    name: str | None = None,
    study: str | None = None,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    on_step: OnStep = ignore,
    instruments: Instruments | None = None,
    kept: KeptRounds | None = None,
) -> Iterator[ProgressTo[LatencyProfile]]:
    """Measure a sample and make its profile; for the arguments see `measure`.

    Args:
        model_of: makes the model from the median milliseconds of the sample, shape (n,).
        study: the study whose winners are the sample, if any.
    """
    tools, machine = instruments or Instruments(), sample.machine
    timing = time_models(
        sample.blueprints,
        sample.runtime,
        sample.workload,
        seed=sample.seed,
        wait=wait,
        should_stop=should_stop,
        on_step=on_step,
        instruments=tools,
        kept=kept,
    )

    def profile(found: Timing, seconds: float) -> LatencyProfile:
        space, now = sample.space, datetime.datetime.now(datetime.UTC)
        what = space.name if study is None else f"{study}-front"
        rows = sorted(zip(sample.rows, found.latencies, strict=True))
        return LatencyProfile(
            name=name or profile_name(what, sample.runtime, now),
            runtime=sample.runtime,
            workload=sample.workload,
            fingerprint=machine,
            space_name=space.name,
            space_digest=space.digest,
            family_name=space.family_name,
            fixed=dict(space.fixed),
            measurements=tuple(
                Measurement(space.architecture(row).as_dict(), latency, row in sample.fitted)
                for row, latency in rows
            ),
            model=model_of(np.array([latency.median_ms for latency in found.latencies])),
            noise=found.noise,
            seed=sample.seed,
            rounds=found.rounds,
            complete=found.complete,
            seconds=round(seconds, 1),
            measured_at=now.isoformat(timespec="seconds"),
            study=study,
        )

    def steps() -> Iterator[ProgressTo[LatencyProfile]]:
        # Loaded before the clock starts, so that fitting is quick after a stop.
        import scipy.optimize
        import scipy.stats  # noqa: F401

        begin = tools.clock()
        for step in timing:
            found = step.result
            yield towards(step, None if found is None else profile(found, tools.clock() - begin))

    return steps()


def profile_name(what: str, runtime: str, at: datetime.datetime) -> str:
    """Name a profile after what was measured, the runtime and the time, to the millisecond."""
    return f"{what}-{runtime}-{at:%Y%m%d-%H%M%S}-{at.microsecond // 1000:03}"


def choose_sample(
    space: SearchSpace,
    spec: LatencySpec,
    count: int,
    seed: int = 0,
    lengths: TextLengths | TextWork | None = None,
) -> Sample:
    """Choose the architectures to measure, and check that this is possible here.

    Raises:
        InvalidOptionError: an impossible count, runtime, length or number of threads.
        MissingExtraError: the runtime is not installed.
    """
    kind = runtime_kind(spec.runtime)
    kind.check_installed()
    workload = workload_of(spec, space, lengths)
    check_count(count, space)
    rng = np.random.default_rng(seed)
    first, fitted, held_out = 0, [], []
    for part, share in zip(space.parts, shares(space, count), strict=True):
        chosen, rest = fit_and_held_out(part, workload.terms(part), share, rng=rng)
        fitted += [first + row for row in chosen]
        held_out += [first + row for row in rest]
        first += len(part)
    rows = largest_first(space, fitted + held_out)
    return Sample(space, kind.name, workload, rows, frozenset(fitted), seed)


def search_count(space: SearchSpace) -> int:
    """How many architectures a search times: fewer of each family if there are several."""
    if len(space.parts) == 1:
        return min(SEARCH_COUNT, len(space))
    return sum(min(FAMILY_COUNT, len(part)) for part in space.parts)


def shares(space: SearchSpace, count: int) -> list[int]:
    """Divide architectures to measure among the families, as evenly as their sizes allow."""
    given = [0] * len(space.parts)
    for _ in range(count):
        least = min(
            (place for place, part in enumerate(space.parts) if given[place] < len(part)),
            key=given.__getitem__,
        )
        given[least] += 1
    return given


def largest_first(space: SearchSpace, rows: Sequence[int]) -> list[int]:
    """Sort architectures by number of parameters, largest first."""
    return sorted(rows, key=lambda row: (-int(space.parameter_count[row]), row))


def check_count(count: int, space: SearchSpace) -> None:
    """Check that `count` architectures can be measured.

    Raises:
        InvalidOptionError: too few to fit and judge a model, or more than there are.
    """
    least = sum(min(SMALLEST_COUNT, len(part)) for part in space.parts)
    if count < least:
        raise InvalidOptionError(
            f"{count} architectures are too few to fit and test a model; measure at least {least}"
        )
    if count > len(space):
        raise InvalidOptionError(
            f"{count} architectures were requested, but the space {space.name!r} has "
            f"{len(space)}; choose {len(space)} or fewer"
        )


def fit_and_held_out(
    space: SearchSpace,
    terms: Mapping[str, FloatArray],
    count: int,
    *,
    rng: np.random.Generator,
) -> tuple[list[int], list[int]]:
    """Choose the architectures to fit on and those to hold out, by their numbers.

    The first group begins with both extremes. Then it alternates between the architecture that
    says most about the coefficients (D-optimal, greedily) and the one farthest from all chosen
    so far in the logarithms of the dimensions, because a design that is optimal for the model
    would not see where the model is wrong. The second group is drawn uniformly, so its errors
    represent the rest of the space.

    Args:
        terms: the space's operation terms, each of shape (N,).
        count: architectures in all, at most N; min(32, count/2) of them to fit on, all of them
            in a space of fewer than eight.
    """
    fitted = count if len(space) < 8 else min(MAX_FITTED, count // 2)
    pool = _pool(len(space), terms, rng)
    chosen = [int(pool[row]) for row in design(*_coordinates(space, terms, pool), fitted)]
    rest = np.setdiff1d(np.arange(len(space)), chosen)
    held_out = rng.choice(rest, size=count - fitted, replace=False)
    return chosen, [int(index) for index in held_out]


def design(shares: FloatArray, places: FloatArray, size: int) -> list[int]:
    """Choose rows that say most about the coefficients and fill the space, both extremes first.

    Args:
        shares: shape (n, k), the share of each term in a rough guess of the latency.
        places: shape (n, K), logarithms of the dimensions.
        size: rows wanted, at most n.
    Cost:
        O(size · n · (k² + K)).
    """
    weight = places.sum(axis=1)
    chosen = list(dict.fromkeys([int(np.argmin(weight)), int(np.argmax(weight))]))[:size]
    free = np.ones(len(shares), dtype=np.bool_)
    free[chosen] = False
    information = 1e-6 * np.eye(shares.shape[1]) + shares[chosen].T @ shares[chosen]
    distance = np.min([np.abs(places - places[row]).sum(axis=1) for row in chosen], axis=0)
    while len(chosen) < size:
        if len(chosen) % 2:
            score = distance
        else:
            score = np.einsum("ij,jk,ik->i", shares, np.linalg.inv(information), shares)
        row = int(np.argmax(np.where(free, score, -1.0)))
        chosen.append(row)
        free[row] = False
        information += np.outer(shares[row], shares[row])
        distance = np.minimum(distance, np.abs(places - places[row]).sum(axis=1))
    return chosen


def _pool(n: int, terms: Mapping[str, FloatArray], rng: np.random.Generator) -> IntArray:
    """Return all numbers of a small space, or a random part of a large one with the extremes."""
    if n <= POOL:
        return np.arange(n)
    total = sum(term / term.mean() for term in terms.values() if term.any())
    extremes = [int(np.argmin(total)), int(np.argmax(total))]
    return np.unique([*extremes, *rng.choice(n, size=POOL, replace=False)])


def _coordinates(
    space: SearchSpace, terms: Mapping[str, FloatArray], pool: IntArray
) -> tuple[FloatArray, FloatArray]:
    features = with_derived_terms({name: term[pool] for name, term in terms.items()})
    matrix = np.stack([term for term in features.values() if term.any()], axis=1)
    matrix = matrix / matrix.mean(axis=0)
    shares = matrix / matrix.sum(axis=1, keepdims=True)
    return shares, space.coordinates[pool]


def measure_front(
    space: SearchSpace,
    profile: LatencyProfile,
    architectures: Sequence[Architecture],
    *,
    study: str,
    name: str | None = None,
    seed: int = 0,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    on_step: OnStep = ignore,
    instruments: Instruments | None = None,
    kept: KeptRounds | None = None,
) -> Iterator[ProgressTo[LatencyProfile]]:
    """Measure some architectures here with the runtime and workload of a study's profile.

    Args:
        profile: the study's profile; its model is kept, and tested on the new measurements.
        architectures: usually those on the front, without repetition.
        study: the study that these architectures won; the new profile names it.
        wait, should_stop, on_step, instruments, kept: see `measure`.
    Returns:
        Steps; the last carries a profile whose `study` is set.
    Raises:
        InvalidOptionError: nothing to measure, or more threads than this machine has.
        MissingExtraError: the runtime is not installed.
        BusyError: at the first step, if another measurement is running and `wait` is off.
    """
    if not architectures:
        raise InvalidOptionError(
            f"the study {study!r} has no evaluated architecture to measure yet; search first"
        )
    runtime_kind(profile.runtime).check_installed()
    check_threads(profile.workload.threads)
    rows = largest_first(space, [space.index(architecture) for architecture in architectures])
    sample = Sample(space, profile.runtime, profile.workload, rows, frozenset(), seed)
    return measured(
        sample,
        lambda medians_ms: profile.model.judged_on(sample.terms, medians_ms),
        name=name,
        study=study,
        wait=wait,
        should_stop=should_stop,
        on_step=on_step,
        instruments=instruments or Instruments(protocol=HANDFUL),
        kept=kept,
    )
