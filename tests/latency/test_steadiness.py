"""What rounds reveal about the machine, from times made of known parts."""

import numpy as np
import pytest

from bort.latency.protocol import summarise
from bort.latency.steadiness import drift, ratio_interval, resolution, round_factors


def times(architectures=12, rounds=30, runs=3, *, noise=0.05, factors=1.0, seed=0):
    """Make times from sizes, a factor and noise per round, (architectures, rounds, runs)."""
    rng = np.random.default_rng(seed)
    sizes = np.geomspace(3e-4, 1e-2, architectures)[:, None, None]
    own = np.exp(noise * rng.standard_normal((architectures, rounds, 1)))
    jitter = np.exp(0.01 * rng.standard_normal((architectures, rounds, runs)))
    return sizes * np.broadcast_to(factors, (rounds,))[None, :, None] * own * jitter


def test_what_a_whole_round_shares_is_found():
    factors = np.where(np.arange(30) % 3 == 0, 1.5, 1.0)
    found = round_factors(times(factors=factors))
    assert np.median(found, axis=0) == pytest.approx(factors, rel=0.1)
    assert np.median(found, axis=1) == pytest.approx(1.0)


def test_small_and_large_architectures_may_be_slowed_differently():
    seconds = times(48, noise=0.02)
    slow = np.arange(30) % 3 == 0
    slope = np.linspace(1.6, 1.1, 48)  # the smallest suffer most
    seconds[:, slow] *= slope[:, None, None]
    found = round_factors(seconds)
    assert found[:, slow].mean(axis=1) == pytest.approx(slope, rel=0.08)
    assert resolution(seconds) < 1.5 * resolution(times(48, noise=0.02))


def test_few_architectures_or_rounds_share_nothing():
    assert (round_factors(times(4, factors=np.linspace(1, 2, 30))) == 1).all()
    assert (round_factors(times(rounds=2)) == 1).all()


def test_a_machine_slow_in_some_rounds_still_ranks():
    slow = np.where(np.random.default_rng(1).random(30) < 0.5, 1.6, 1.0)
    assert resolution(times(factors=slow)) == pytest.approx(resolution(times()), rel=0.5)


def test_resolution_follows_noise_and_rounds():
    assert resolution(times(noise=0.1)) > 1.5 * resolution(times(noise=0.05))
    assert resolution(times(rounds=15)) > 1.1 * resolution(times(rounds=60))
    assert resolution(times(rounds=2)) is None


@pytest.mark.parametrize("noise", [0.03, 0.08])
def test_repeated_medians_differ_by_no_more_than_the_resolution(noise):
    within = []
    for seed in range(0, 6, 2):
        first, second = (times(64, noise=noise, seed=one) for one in (seed, seed + 1))
        apart = np.abs(np.log(_medians(second) / _medians(first)))
        within.append(np.mean(apart <= resolution(first)))
    assert np.mean(within) >= 0.9


def test_a_median_leaves_the_slow_rounds_out():
    slow = np.where(np.arange(30) < 15, 1.7, 1.0)
    seconds = times(noise=0.02, factors=slow)
    factors = round_factors(seconds)
    rng = np.random.default_rng(0)
    ratio = np.array(
        [
            summarise(one, rng=rng, factors=own).median_ms
            for one, own in zip(seconds, factors, strict=True)
        ]
    )
    planted = np.geomspace(3e-4, 1e-2, 12)
    assert ratio / ratio[0] == pytest.approx(planted / planted[0], rel=0.05)
    steady = summarise(seconds[0], rng=rng, factors=factors[0])
    assert steady.high_ms / steady.low_ms > 1.2  # either speed may be the usual one


def test_drift_has_a_sign():
    assert drift(np.linspace(1.0, 1.3, 30)[None]) == pytest.approx(0.2, abs=0.06)
    assert drift(np.linspace(1.3, 1.0, 30)[None]) < -0.1
    assert drift(np.ones((1, 2))) is None


def test_a_ratio_has_an_interval_and_drift_leaves_it_alone():
    factors = np.linspace(1, 2, 30)
    seconds = times(2, factors=factors, noise=0.03)
    ratio, low, high = ratio_interval(seconds[1], seconds[0], rng=np.random.default_rng(0))
    assert low <= ratio <= high
    assert ratio == pytest.approx(1e-2 / 3e-4, rel=0.05)
    assert high / low < 1.1


def _medians(seconds):
    factors = round_factors(seconds)
    rng = np.random.default_rng(0)
    pairs = zip(seconds, factors, strict=True)
    return np.array([summarise(one, rng=rng, factors=own).median_ms for one, own in pairs])
