"""The timing protocol, on a clock that moves when something runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bort.latency.protocol import Protocol, choose_rounds, interleaved_rounds, summarise, warm_up


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def run(self, seconds, log=None, name=None):
        def once():
            self.now += next(seconds) if hasattr(seconds, "__next__") else seconds
            if log is not None:
                log.append(name)

        return once


def rounds_of(clock, runs, rounds=4, protocol=None, should_stop=lambda: False, seed=0):
    return interleaved_rounds(
        runs,
        rounds,
        protocol=protocol or Protocol(),
        rng=np.random.default_rng(seed),
        clock=clock,
        should_stop=should_stop,
    )


def test_each_round_times_every_architecture_in_another_order():
    clock, log = Clock(), []
    runs = [clock.run(0.001 * (1 + k), log, k) for k in range(4)]
    seconds = list(rounds_of(clock, runs))
    assert [s.shape for s in seconds] == [(4, 3)] * 4
    for one_round in seconds:
        assert one_round == pytest.approx(np.outer([0.001, 0.002, 0.003, 0.004], np.ones(3)))
    per_round = 4 * 8  # five runs to warm up, three timed
    orders = [tuple(dict.fromkeys(log[i : i + per_round])) for i in range(0, len(log), per_round)]
    assert len(orders) == 4
    assert all(sorted(order) == [0, 1, 2, 3] for order in orders)
    assert len(set(orders)) > 1


def test_a_limit_in_minutes_replaces_the_usual_one():
    assert Protocol().lasting(None) == Protocol()
    assert Protocol().lasting(10).limit_seconds == 600


def test_the_same_seed_gives_the_same_order():
    logs = []
    for _ in range(2):
        clock, log = Clock(), []
        list(rounds_of(clock, [clock.run(1e-3, log, k) for k in range(5)], seed=3))
        logs.append(log)
    assert logs[0] == logs[1]


def test_drift_hits_all_alike():
    clock = Clock()
    base = (1e-3, 2e-3)

    def drifting(k):
        def once():
            clock.now += base[k] * (1 + clock.now)  # everything gets slower as time goes by

        return once

    seconds = np.stack(list(rounds_of(clock, [drifting(0), drifting(1)], rounds=30)), axis=1)
    ratio = np.median(seconds[1]) / np.median(seconds[0])
    assert ratio == pytest.approx(2, rel=0.02)


def test_slow_architectures_warm_up_less():
    clock, log = Clock(), []
    list(rounds_of(clock, [clock.run(1.0, log, 0)], rounds=1))
    assert len(log) == 1 + 3


def test_stopping_drops_the_round_begun():
    clock = Clock()
    asked = iter([False] * 5 + [True])
    runs = [clock.run(1e-3), clock.run(1e-3)]
    seconds = list(rounds_of(clock, runs, rounds=9, should_stop=lambda: next(asked)))
    assert len(seconds) == 2


def test_warm_up_goes_on_until_it_gets_no_faster():
    clock = Clock()
    falling = iter([8e-3] * 5 + [4e-3] * 5 + [2e-3] * 5 + [1e-3] * 100)
    assert warm_up(clock.run(falling), clock, Protocol()) == pytest.approx(1e-3)
    assert warm_up(Clock().run(5.0), clock, Protocol()) == 0.0


def test_warm_up_of_a_restless_architecture_ends():
    clock = Clock()
    growing = (1.5**k * 1e-4 for k in range(1000))
    assert warm_up(clock.run(growing), clock, Protocol()) > 0
    assert clock.now < 1e6


def test_rounds_follow_the_budget_within_limits():
    protocol = Protocol(budget_seconds=10, min_rounds=3, max_rounds=12)
    assert choose_rounds([0.125], protocol) == 10
    assert choose_rounds([10.0], protocol) == 3
    assert choose_rounds([1e-6], protocol) == 12


def test_a_busy_machine_does_not_hold_the_lock_for_ever():
    protocol = Protocol(limit_seconds=60)
    assert not protocol.is_spent(2, 100)
    assert not protocol.is_spent(3, 50)
    assert protocol.is_spent(3, 100)


def test_slow_architectures_are_timed_less_often():
    protocol = Protocol(budget_seconds=10, min_rounds=5)
    assert protocol.fitted_to([0.1, 0.1]) == protocol
    assert protocol.fitted_to([1.0, 0.5]).timed_runs == 2


def test_rounds_are_added_until_architectures_can_be_told_apart():
    protocol = Protocol(target_resolution=0.03)
    assert protocol.rounds_wanted(10, 40, 0.5) == 40
    assert protocol.rounds_wanted(40, 40, 0.02) == 40
    assert protocol.rounds_wanted(40, 40, 0.05) == 50
    assert protocol.rounds_wanted(40, 40, None) == 40


@given(
    st.lists(st.lists(st.sampled_from([1e-3, 2e-3, 5e-3]), min_size=3, max_size=3), min_size=1),
    st.integers(0, 3),
)
def test_the_summary_is_in_order(rows, seed):
    seconds = np.array(rows)
    latency = summarise(seconds, rng=np.random.default_rng(seed))
    assert latency.low_ms <= latency.median_ms <= latency.high_ms
    assert latency.median_ms <= latency.p95_ms + 1e-9
    assert 1.0 - 1e-9 <= latency.trimmed_mean_ms <= 5.0 + 1e-9
    assert latency.runs == seconds.size


def test_an_outlier_moves_neither_median_nor_trimmed_mean():
    seconds = np.full((10, 5), 1e-3)
    seconds[3, 2] = 10.0
    latency = summarise(seconds, rng=np.random.default_rng(0))
    assert latency.median_ms == latency.trimmed_mean_ms == pytest.approx(1.0)
    assert latency.high_ms == pytest.approx(1.0)


def test_the_interval_resamples_rounds_whole():
    rng = np.random.default_rng(0)
    per_round = 1e-3 * (1 + 0.1 * rng.standard_normal((20, 1)))
    correlated = np.repeat(per_round, 5, axis=1)
    independent = rng.permutation(np.repeat(per_round, 5)).reshape(20, 5)
    wide = summarise(correlated, rng=rng)
    narrow = summarise(independent, rng=rng)
    assert wide.high_ms - wide.low_ms > 1.3 * (narrow.high_ms - narrow.low_ms)
