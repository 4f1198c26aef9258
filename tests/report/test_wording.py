"""The sentences that people read, made from codes and numbers."""

import pytest

from bort.core.machine.fingerprint import Difference
from bort.latency.noise import Disturbance, Finding, Noise, NoiseReading, When
from bort.latency.runs.landmarks import Claim, Figure
from bort.report import latency

QUIET = NoiseReading(reference_ms=1.0, spread=0.05, others_share=0.01, ratio_spread=0.03)


@pytest.mark.parametrize(
    ("code", "value", "limit", "said"),
    [
        (Disturbance.OTHERS, 0.4, 0.1, "other processes took 40% of the CPU (at most 10% allowed)"),
        (Disturbance.RATIO, 0.41, 0.25, "the ratio of two workloads run in turns varied by 41%"),
        (Disturbance.RESOLUTION, 0.2, 0.04, "two architectures must differ by 20.0% to be told"),
        (Disturbance.DRIFT, 0.3, 0.1, "the whole machine became 30% slower meanwhile"),
        (Disturbance.PACE, 0.2, 0.08, "20% slower than on 2026-11-01, when its pace was measured"),
    ],
)
def test_why_a_measurement_cannot_be_trusted(
    code: Disturbance, value: float, limit: float, said: str
) -> None:
    finding = Finding(code, When.AFTER, value, limit, "2026-11-01T00:00:00+00:00")
    words = latency.finding_words(finding)
    assert words.startswith("after: ")
    assert said in words
    assert ("--new-pace" in words) is (code is Disturbance.PACE)


def test_what_a_quiet_machine_can_tell_apart() -> None:
    assert latency.noise_sentence(Noise(QUIET, QUIET, 0.01, 0.021)) == (
        "Quiet enough: architectures that differ by 2.1 % or more can be ranked; other processes "
        "took 1 % of the CPU."
    )
    assert "two architectures can be ranked" in latency.noise_sentence(Noise(QUIET, QUIET, 0.01))


def test_a_pace_that_is_corrected_for_is_mentioned() -> None:
    noise = Noise(QUIET, QUIET, 0.01, pace_change=-0.05, pace_since="2026-11-01", pace_models=9)
    assert latency.warning_sentence(noise.warnings[0]) == (
        "Note: the whole machine was 5% faster than on 2026-11-01, when its pace was measured; "
        "milliseconds are stated at that pace."
    )


def test_another_machine_is_described_by_what_differs() -> None:
    found = [Difference("cpu", "A", "B"), Difference("torch", "2.8", "absent")]
    assert latency.origin_sentence(found) == (
        "Measured on another machine or software: CPU A against B; torch 2.8 against absent."
    )
    assert "a machine like this one" in latency.origin_sentence([])


@pytest.mark.parametrize(
    ("interval", "said"),
    [((15.2, 16.9), "is not reached"), ((19, 21), "holds"), ((21, 22), "is exceeded")],
)
def test_an_announced_speed_is_judged(interval: tuple[float, float], said: str) -> None:
    claim = Claim(Figure.SPEED, 20, sum(interval) / 2, *interval, "BERT-large")
    assert latency.claim_sentence(claim).endswith(f"The announced 20 times {said} here.")


def test_a_share_is_compared_in_words() -> None:
    claim = Claim(Figure.SHARE, 0.055, 0.08)
    assert latency.claim_sentence(claim) == (
        "Without embeddings 8.0% of BERT-large, published as 5.5%."
    )
