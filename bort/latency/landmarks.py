"""Time well-known models with random weights here, and compare with their published figures."""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from bort.core.architecture import Architecture
from bort.core.machine import Fingerprint, this_machine
from bort.core.progress import OnStep, ProgressTo, ignore, towards
from bort.core.serialise import from_json, to_json
from bort.core.study import LatencySpec
from bort.families import family
from bort.latency.kept_rounds import KeptRounds
from bort.latency.noise import Noise
from bort.latency.protocol import FloatArray
from bort.latency.runtimes import runtime_kind
from bort.latency.steadiness import ratio_interval
from bort.latency.timing import Instruments, Timing, never, time_models
from bort.latency.workload import Blueprint, Workload, check_length, check_threads

_BORT = "de Wynter & Perry 2020, arXiv 2010.10499; speed: README of github.com/alexa/bort"


LANDMARK_POSITIONS = 512
COUNTED_AS = 30  # all six take as long as 30 architectures; building the largest, as a dozen
BASE, LARGE = "BERT-base", "BERT-large"
"""The models that others are compared with."""

SAME_SIZE = 0.01
"""Published counts are rounded to about this precision."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """A published model.

    Attributes:
        name: its usual name.
        family_name: our family of that shape; weights are random, the vocabulary is BERT's.
        architecture: its shape.
        published_parameters: its authors' count, rounded by them.
        published_speedups: how many times faster on a CPU it is said to be than another landmark,
            by that one's name.
        source: where the figures are published.
        published_effective_share: its encoder's parameters as a share of BERT-large's.
        note: how the model that we build differs.
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
    def blueprint(self) -> Blueprint:
        """The landmark's blueprint."""
        kind = family(self.family_name)
        return Blueprint(kind, self.architecture, kind.defaults)


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


class Figure(StrEnum):
    """The kinds of published figures that can be compared with those found here."""

    SIZE = "parameter_count"
    SHARE = "effective_share_of_large"
    """Parameters without embeddings, as a share of BERT-large's."""
    SPEED = "times_faster_than"


class Verdict(StrEnum):
    """Whether a published figure is within the interval found here."""

    NOT_REACHED = "not reached"
    HOLDS = "holds"
    EXCEEDED = "exceeded"


@dataclass(frozen=True, slots=True)
class Claim:
    """A published figure and the one found here.

    Attributes:
        low, high: ends of the 95% interval of `found`, if there is one.
        than: the landmark that a speed is compared with.
    """

    figure: Figure
    published: float
    found: float
    low: float | None = None
    high: float | None = None
    than: str | None = None

    @property
    def verdict(self) -> Verdict | None:
        """Compare the published figure with the interval; None if there is no interval.

        Examples:
            >>> str(Claim(Figure.SPEED, 20, 16, 15.2, 16.9).verdict)
            'not reached'
            >>> str(Claim(Figure.SPEED, 7.9, 7.8, 7.5, 8.1).verdict)
            'holds'
        """
        if self.low is None or self.high is None:
            return None
        if self.high < self.published:
            return Verdict.NOT_REACHED
        return Verdict.EXCEEDED if self.low > self.published else Verdict.HOLDS

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {**to_json(self), "verdict": self.verdict}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedLandmark:
    """One landmark: its figures found here and the published ones.

    Attributes:
        effective_parameter_count: without the embedding layer.
        effective_share_of_large: the same, as a share of BERT-large's.
        times_faster_than: the median ratio of times in the same round, by another landmark's name.
        times_faster_interval: the ends of its 95% interval.
        published_times_faster_than: see `Landmark.published_speedups`.
        source, note: see `Landmark`.
    """

    name: str
    architecture: Mapping[str, int]
    parameter_count: int
    effective_parameter_count: int
    effective_share_of_large: float
    published_parameter_count: int
    published_effective_share_of_large: float | None
    median_ms: float
    low_ms: float
    high_ms: float
    p95_ms: float
    times_faster_than: Mapping[str, float]
    times_faster_interval: Mapping[str, tuple[float, float]]
    published_times_faster_than: Mapping[str, float]
    source: str
    note: str

    @property
    def claims(self) -> list[Claim]:
        """List published sizes that differ from ours, and all published speeds."""
        found = []
        size, published = self.parameter_count, self.published_parameter_count
        if abs(size / published - 1) > SAME_SIZE:
            found.append(Claim(Figure.SIZE, published, size))
        share = self.published_effective_share_of_large
        if share is not None:
            found.append(Claim(Figure.SHARE, share, self.effective_share_of_large))
        return [*found, *self.speed_claims]

    @property
    def speed_claims(self) -> list[Claim]:
        """List the published speeds."""
        return [
            Claim(
                Figure.SPEED,
                published,
                self.times_faster_than[than],
                *self.times_faster_interval[than],
                than,
            )
            for than, published in self.published_times_faster_than.items()
        ]


@dataclass(frozen=True, slots=True)
class LandmarkTiming:
    """The landmarks' latencies here, with runtime, workload and machine."""

    runtime: str
    workload: Workload
    fingerprint: Fingerprint
    landmarks: tuple[TimedLandmark, ...]
    noise: Noise
    rounds: int
    complete: bool
    measured_at: str

    @property
    def announced(self) -> list[tuple[TimedLandmark, Claim]]:
        """List the published speeds of all landmarks."""
        return [(mark, claim) for mark in self.landmarks for claim in mark.speed_claims]

    def to_dict(self) -> dict[str, Any]:
        """Convert our figures and the published ones to JSON values."""
        return {
            "runtime": self.runtime,
            **self.workload.to_dict(),
            "fingerprint": {**self.fingerprint.to_dict(), "digest": self.fingerprint.digest},
            "landmarks": [
                {**to_json(mark), "remarks": [claim.to_dict() for claim in mark.claims]}
                for mark in self.landmarks
            ],
            "announced": [
                {"landmark": mark.name, **claim.to_dict()} for mark, claim in self.announced
            ],
            "noise": self.noise.to_dict(),
            "rounds": self.rounds,
            "complete": self.complete,
            "measured_at": self.measured_at,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LandmarkTiming":
        """Inverse of `to_dict`.

        Raises:
            InvalidDataError: a part is missing or of another type.
        """
        workload = from_json(Workload, values, what="a measurement of landmarks")
        return from_json(cls, {**values, "workload": to_json(workload)}, what="landmarks")


def _timed(timing: Timing, number: int) -> TimedLandmark:
    """Extract one landmark, by number, from the timing of all."""
    mark, latency = LANDMARKS[number], timing.latencies[number]
    times_faster = {than: _times_faster(timing.seconds, number, than) for than in (BASE, LARGE)}
    large = next(other for other in LANDMARKS if other.name == LARGE)
    effective = mark.blueprint.parameter_count(effective=True)
    return TimedLandmark(
        name=mark.name,
        architecture=mark.architecture.as_dict(),
        parameter_count=mark.blueprint.parameter_count(),
        effective_parameter_count=effective,
        effective_share_of_large=effective / large.blueprint.parameter_count(effective=True),
        published_parameter_count=mark.published_parameters,
        published_effective_share_of_large=mark.published_effective_share,
        median_ms=latency.median_ms,
        low_ms=latency.low_ms,
        high_ms=latency.high_ms,
        p95_ms=latency.p95_ms,
        times_faster_than={than: found[0] for than, found in times_faster.items()},
        times_faster_interval={than: found[1:] for than, found in times_faster.items()},
        published_times_faster_than=dict(mark.published_speedups),
        source=mark.source,
        note=mark.note,
    )


def _times_faster(seconds: FloatArray, number: int, than: str) -> tuple[float, float, float]:
    """Compute speed-ups from ratios within each round; a fixed seed draws the intervals."""
    slower = next(k for k, mark in enumerate(LANDMARKS) if mark.name == than)
    return ratio_interval(seconds[slower], seconds[number], rng=np.random.default_rng(0))


def _result(
    runtime: str, workload: Workload, machine: Fingerprint, timing: Timing, measured_at: str
) -> LandmarkTiming:
    return LandmarkTiming(
        runtime,
        workload,
        machine,
        tuple(_timed(timing, number) for number in range(len(LANDMARKS))),
        timing.noise,
        timing.rounds,
        timing.complete,
        measured_at,
    )


def check_landmarks(spec: LatencySpec) -> Workload:
    """Check that the landmarks can be timed as a spec says, and return the workload.

    Raises:
        InvalidOptionError: texts are too long, or threads too many.
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
    on_step: OnStep = ignore,
    instruments: Instruments | None = None,
    kept: KeptRounds | None = None,
) -> Iterator[ProgressTo[LandmarkTiming]]:
    """Time all landmarks, interleaved, with the same protocol as a space.

    Raises:
        Whatever `bort.latency.space.measure` raises.
    Cost:
        About a minute on two cores at sequence length 32; 1.7 GB of memory with PyTorch.
    """
    workload = check_landmarks(spec)
    kind, threads = runtime_kind(spec.runtime), workload.threads
    machine = this_machine(kind.libraries, threads=threads)
    timing = time_models(
        [mark.blueprint for mark in LANDMARKS],
        kind.name,
        workload,
        seed=seed,
        wait=wait,
        should_stop=should_stop,
        on_step=on_step,
        instruments=instruments,
        kept=kept,
    )

    def steps() -> Iterator[ProgressTo[LandmarkTiming]]:
        for step in timing:
            result = None
            if step.result is not None:
                now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
                result = _result(kind.name, workload, machine, step.result, now)
            yield towards(step, result)

    return steps()
