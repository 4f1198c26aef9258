"""What will be measured, on what, settled and checked before the clock starts."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.machine.cores import logical_cpus, usable_cores
from bort.core.machine.fingerprint import Fingerprint, this_machine
from bort.core.study import LatencySpec
from bort.families import SearchSpace
from bort.latency.model import fit
from bort.latency.profile import LatencyProfile, Measurement
from bort.latency.protocol import FloatArray
from bort.latency.runtimes import runtime_kind
from bort.latency.sample import fit_and_held_out
from bort.latency.timing import Timing
from bort.latency.workload import Candidate, Workload

SMALLEST_COUNT = 8


class TextLengths(NamedTuple):
    """How long the texts of a task are, in tokens, as a model reads them."""

    task: str
    tokens: Sequence[int]


def workload_of(
    spec: LatencySpec, space: SearchSpace, lengths: TextLengths | None = None
) -> Workload:
    """The workload that a spec asks for, checked against this machine and space.

    Args:
        lengths: of a task's texts, instead of the spec's one length.
    Raises:
        InvalidOptionError: texts longer than the models' positions, or more threads than the
            machine has.
    """
    threads = check_threads(spec.threads)
    workload = Workload(spec.batch_size, spec.sequence_length, threads)
    if lengths is not None:
        workload = Workload.of_lengths(
            lengths.tokens, batch_size=spec.batch_size, threads=threads, origin=lengths.task
        )
    whose = f"the models in {space.name!r}"
    check_length(workload.longest, space.fixed.get("positions"), whose)
    return workload


def check_length(sequence_length: int, positions: int | None, whose: str) -> None:
    """Pass if texts so long can be read.

    Raises:
        InvalidOptionError: the models have fewer positions.
    """
    if positions is not None and sequence_length > positions:
        raise InvalidOptionError(
            f"sequence length {sequence_length} is more than the {positions} positions of "
            f"{whose}; choose {positions} or less"
        )


def check_threads(threads: int | None) -> int:
    """The number of threads meant; None is all usable cores.

    Raises:
        InvalidOptionError: more than the machine has.
    """
    most = max(usable_cores(), logical_cpus())
    if threads is not None and threads > most:
        raise InvalidOptionError(
            f"{threads} threads were asked for, and this machine has {most}; choose {most} or less"
        )
    return threads or usable_cores()


def check_count(count: int, space: SearchSpace) -> None:
    """Pass if so many architectures can be measured.

    Raises:
        InvalidOptionError: too few to fit and judge a model, or more than there are.
    """
    least = min(SMALLEST_COUNT, len(space))
    if count < least:
        raise InvalidOptionError(
            f"{count} architectures are too few to fit a model and to judge it; "
            f"measure {least} at least"
        )
    if count > len(space):
        raise InvalidOptionError(
            f"{count} architectures were asked for, and the space {space.name!r} has "
            f"{len(space)}; choose {len(space)} or less"
        )


def profile_name(what: str, runtime: str, now: datetime.datetime) -> str:
    """What a profile is called if nobody names it."""
    return f"{what}-{runtime}-{now:%Y%m%d-%H%M%S}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Architectures of a space to be measured on one runtime of this machine.

    Attributes:
        rows: their numbers in the space, the largest first.
        fitted: those that the model is fitted on.
        terms: operation terms of the whole space.
    """

    space: SearchSpace
    runtime: str
    workload: Workload
    machine: Fingerprint
    rows: list[int]
    fitted: frozenset[int]
    terms: Mapping[str, FloatArray]
    seed: int

    @property
    def candidates(self) -> list[Candidate]:
        """In the order of `rows`."""
        space = self.space
        return [Candidate(space.family, space.architecture(row), space.fixed) for row in self.rows]

    def profile(self, timing: Timing, *, name: str | None, seconds: float) -> LatencyProfile:
        """Fit the model, and put everything together."""
        space, now = self.space, datetime.datetime.now(datetime.UTC)
        medians = np.array([latency.median_ms for latency in timing.latencies])
        fit_rows = [place for place, row in enumerate(self.rows) if row in self.fitted]
        terms = {term: values[self.rows] for term, values in self.terms.items()}
        return LatencyProfile(
            name=name or profile_name(space.name, self.runtime, now),
            runtime=self.runtime,
            workload=self.workload,
            fingerprint=self.machine,
            space_name=space.name,
            space_digest=space.digest,
            family_name=space.family_name,
            fixed=dict(space.fixed),
            measurements=tuple(
                Measurement(space.architecture(row).as_dict(), latency, row in self.fitted)
                for row, latency in sorted(zip(self.rows, timing.latencies, strict=True))
            ),
            model=fit(terms, medians, fit_rows),
            noise=timing.noise,
            seed=self.seed,
            rounds=timing.rounds,
            complete=timing.complete,
            seconds=round(seconds, 1),
            measured_at=now.isoformat(timespec="seconds"),
        )


def make_plan(
    space: SearchSpace,
    spec: LatencySpec,
    count: int,
    seed: int,
    lengths: TextLengths | None = None,
) -> Plan:
    """Choose the architectures, and check that they can be measured.

    Raises:
        InvalidOptionError: a count, runtime, length or number of threads that cannot be.
        MissingExtraError: the runtime is not installed.
    """
    kind = runtime_kind(spec.runtime)
    kind.check_installed()
    workload = workload_of(spec, space, lengths)
    check_count(count, space)
    terms = workload.terms(space)
    fitted, held_out = fit_and_held_out(space, terms, count, rng=np.random.default_rng(seed))
    return Plan(
        space,
        kind.name,
        workload,
        this_machine(kind.libraries, threads=workload.threads),
        sorted(fitted + held_out, key=lambda row: (-int(space.parameter_count[row]), row)),
        frozenset(fitted),
        terms,
        seed,
    )
