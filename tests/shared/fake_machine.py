"""A machine that exists only in the tests: its clock moves when something runs on it."""

import contextlib
import time
from dataclasses import dataclass, field

import numpy as np

from bort.core.architecture import Architecture
from bort.latency.model import with_derived_terms
from bort.latency.noise import NoiseReading
from bort.latency.pace import PaceBook
from bort.latency.protocol import Protocol
from bort.latency.timing import Instruments
from bort.latency.workload import Blueprint

QUIET = NoiseReading(reference_ms=1.0, spread=0.05, others_share=0.01, ratio_spread=0.03)
BUSY = NoiseReading(reference_ms=1.0, spread=0.9, others_share=0.5, ratio_spread=0.8)

PLANTED_MS = {"constant": 0.1, "layers": 0.12, "projections": 2e-8, "ffn": 1.5e-8, "softmax": 3e-6}


@dataclass
class Others:
    share: float

    def read(self):
        return self.share


@dataclass
class FakeMachine:
    """Runs architectures in planted times with some noise; implements `Runtime`."""

    noise: float = 0.0
    planted_ms: dict[str, float] = field(default_factory=lambda: dict(PLANTED_MS))
    now: float = 0.0
    ran: list[str] = field(default_factory=list)
    closed: int = 0
    others_share: float = 0.0
    paces: PaceBook | None = None
    readings: list[NoiseReading] = field(default_factory=lambda: [QUIET])
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def open(self, name, workload):
        self.workload = workload
        return self

    def prepare(self, blueprint):
        seconds = sum(self.latency_ms(blueprint, one) for one in self.workload.passes) / 1e3

        def run():
            self.ran.append(blueprint.architecture.id)
            self.now += seconds * (1 + self.noise * abs(self.rng.standard_normal()))

        return run

    def mean_ms(self, workload, space, architecture):
        """Return the time that measuring this architecture should give."""
        blueprint = Blueprint(space.family, Architecture.of(**architecture), space.fixed)
        return float(np.mean([self.latency_ms(blueprint, one) for one in workload.passes]))

    def latency_ms(self, blueprint, workload):
        columns = {k: np.array([v]) for k, v in blueprint.architecture.as_dict().items()}
        terms = blueprint.family.operation_terms(
            columns,
            blueprint.fixed,
            batch_size=workload.batch_size,
            sequence_length=workload.sequence_length,
        )
        features = with_derived_terms(terms)
        planted = self.planted_ms.items()
        return float(sum(c * features[name][0] for name, c in planted if name in features))

    def close(self):
        self.closed += 1

    def read_noise(self, reference, other, clock):
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]

    def hold(self, should_stop, wait, on_step):
        return contextlib.nullcontext()

    def sleep(self, seconds):
        self.now += seconds

    @property
    def instruments(self):
        return Instruments(
            open_runtime=self.open,
            clock=lambda: self.now,
            sleep=self.sleep,
            read_noise=self.read_noise,
            watch_others=lambda: Others(self.others_share),
            settle=lambda should_stop: None,
            hold=self.hold,
            protocol=Protocol(budget_seconds=1e6, max_rounds=9),
            paces=self.paces,
        )


def small_instruments() -> Instruments:
    """Make instruments that measure for only a moment, without waiting."""
    return Instruments(
        clock=time.perf_counter,
        read_noise=lambda *_given: QUIET,
        watch_others=lambda: Others(0.0),
        settle=lambda _stop: None,
        hold=lambda _stop, _wait, _step: contextlib.nullcontext(),
        protocol=Protocol(budget_seconds=0.1, min_rounds=3, max_rounds=3, limit_seconds=0.1),
    )
