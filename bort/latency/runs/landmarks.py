"""Well-known models of random weights, timed on this machine beside what was published of them."""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bort.core.architecture import Architecture
from bort.core.machine.fingerprint import Fingerprint, this_machine
from bort.core.progress import ProgressTo, towards
from bort.core.study import LatencySpec
from bort.families import family
from bort.latency.landmark_words import announced, remarks
from bort.latency.runs.plan import check_length, check_threads
from bort.latency.runtimes import runtime_kind
from bort.latency.steadiness import ratio_interval
from bort.latency.timing import Instruments, Timing, never, time_candidates
from bort.latency.workload import Candidate, Workload

_BORT = "de Wynter & Perry 2020, arXiv 2010.10499; speed: README of github.com/alexa/bort"


LANDMARK_POSITIONS = 512
BASE, LARGE = "BERT-base", "BERT-large"
"""The models that others are compared with."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """A published model.

    Attributes:
        name: as it is known.
        family_name: our family of that shape; weights are random, the vocabulary is BERT's.
        architecture: its shape.
        published_parameters: as its authors count them, rounded by them.
        published_speedups: landmark's name to how many times faster this one is said to be on a
            CPU.
        source: of what is published.
        published_effective_share: its encoder's parameters by BERT-large's, as published.
        note: how what we build differs.
    """

    name: str
    family_name: str
    architecture: Architecture
    published_parameters: int
    source: str
    published_speedups: Mapping[str, float] = field(default_factory=dict)
    published_effective_share: float | None = None
    note: str = ""

    @property
    def candidate(self) -> Candidate:
        """What is built and timed."""
        kind = family(self.family_name)
        return Candidate(kind, self.architecture, kind.defaults)

    def parameter_count(self, *, effective: bool = False) -> int:
        """Our own count; `effective` leaves the embedding layer out."""
        kind = family(self.family_name)
        columns = {k: np.array([v]) for k, v in self.architecture.as_dict().items()}
        count = kind.effective_parameter_count if effective else kind.parameter_count
        return int(count(columns, kind.defaults)[0])


def _shape(depth: int, heads: int, hidden: int, intermediate: int) -> Architecture:
    return Architecture.of(depth=depth, heads=heads, hidden=hidden, intermediate=intermediate)


LANDMARKS: tuple[Landmark, ...] = (
    Landmark(LARGE, "bert", _shape(24, 16, 1024, 4096), 340_000_000, "Devlin et al. 2018"),
    Landmark(BASE, "bert", _shape(12, 12, 768, 3072), 110_000_000, "Devlin et al. 2018"),
    Landmark("DistilBERT", "distilbert", _shape(6, 12, 768, 3072), 66_000_000, "Sanh et al. 2019"),
    Landmark(
        "Bort",
        "bert",
        _shape(4, 8, 1024, 768),
        56_100_000,
        _BORT,
        {BASE: 7.9, LARGE: 20.0},
        0.055,
        "the published one has RoBERTa's tokenizer",
    ),
    Landmark("MiniLM-L6", "bert", _shape(6, 12, 384, 1536), 22_700_000, "all-MiniLM-L6-v2"),
    Landmark("TinyBERT-4", "bert", _shape(4, 12, 312, 1200), 14_500_000, "Jiao et al. 2019"),
)


@dataclass(frozen=True, slots=True)
class LandmarkTiming:
    """The landmarks' latencies here, with what they were measured on."""

    runtime: str
    workload: Workload
    fingerprint: Fingerprint
    timing: Timing
    measured_at: str

    def to_dict(self) -> dict[str, Any]:
        """Ours beside the published, as JSON values; each row says in words what differs."""
        rows = [self._row(number) for number in range(len(LANDMARKS))]
        answer = {
            "runtime": self.runtime,
            **self.workload.to_dict(),
            "fingerprint": {**self.fingerprint.to_dict(), "digest": self.fingerprint.digest},
            "landmarks": rows,
            "noise": self.timing.noise.to_dict(),
            "rounds": self.timing.rounds,
            "complete": self.timing.complete,
            "measured_at": self.measured_at,
        }
        for row in rows:
            row["remarks"] = remarks(row)
        return {**answer, "announced": announced(answer)}

    def _row(self, number: int) -> dict[str, Any]:
        mark, latency = LANDMARKS[number], self.timing.latencies[number]
        times_faster = {name: self._times_faster(number, name) for name in (BASE, LARGE)}
        large = next(other for other in LANDMARKS if other.name == LARGE)
        effective = mark.parameter_count(effective=True)
        return {
            "name": mark.name,
            "architecture": mark.architecture.as_dict(),
            "parameter_count": mark.parameter_count(),
            "effective_parameter_count": effective,
            "effective_share_of_large": effective / large.parameter_count(effective=True),
            "published_parameter_count": mark.published_parameters,
            "published_effective_share_of_large": mark.published_effective_share,
            "median_ms": latency.median_ms,
            "low_ms": latency.low_ms,
            "high_ms": latency.high_ms,
            "p95_ms": latency.p95_ms,
            "times_faster_than": {name: found[0] for name, found in times_faster.items()},
            "times_faster_interval": {name: found[1:] for name, found in times_faster.items()},
            "published_times_faster_than": dict(mark.published_speedups),
            "source": mark.source,
            "note": mark.note,
        }

    def _times_faster(self, number: int, than: str) -> tuple[float, float, float]:
        """From ratios of the same round; seeded, so that the interval is the same each time."""
        slower = next(k for k, mark in enumerate(LANDMARKS) if mark.name == than)
        seconds = self.timing.seconds
        rng = np.random.default_rng(0)
        return ratio_interval(seconds[slower], seconds[number], rng=rng)


def check_landmarks(spec: LatencySpec) -> Workload:
    """The workload that a spec asks for, if the landmarks can be timed on it.

    Raises:
        InvalidOptionError: too long texts, or too many threads.
        MissingExtraError: the runtime is not installed.
    """
    runtime_kind(spec.runtime).check_installed()
    check_length(spec.sequence_length, LANDMARK_POSITIONS, "the well-known models")
    return Workload(spec.batch_size, spec.sequence_length, check_threads(spec.threads))


def time_landmarks(
    spec: LatencySpec,
    *,
    seed: int = 0,
    wait: bool = False,
    should_stop: Callable[[], bool] = never,
    instruments: Instruments | None = None,
) -> Iterator[ProgressTo[LandmarkTiming]]:
    """Time all landmarks, interleaved, by the same protocol as a space.

    Raises:
        As `bort.latency.runs.space.measure`.
    Cost:
        About a minute on two cores at sequence length 32; 1.7 GB of memory with PyTorch.
    """
    workload = check_landmarks(spec)
    kind, threads = runtime_kind(spec.runtime), workload.threads
    machine = this_machine(kind.libraries, threads=threads)
    timing = time_candidates(
        [mark.candidate for mark in LANDMARKS],
        kind.name,
        workload,
        seed=seed,
        wait=wait,
        should_stop=should_stop,
        instruments=instruments,
    )

    def steps() -> Iterator[ProgressTo[LandmarkTiming]]:
        for step in timing:
            result = None
            if step.result is not None:
                now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
                result = LandmarkTiming(kind.name, workload, machine, step.result, now)
            yield towards(step, result)

    return steps()
