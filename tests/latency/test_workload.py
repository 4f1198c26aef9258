"""Workloads of one length, and of the lengths of a task's texts."""

import numpy as np
from fake_machine import FakeMachine

from bort.core.serialise import from_json
from bort.core.study import LatencySpec
from bort.latency.profile import LatencyProfile
from bort.latency.space import measure
from bort.latency.workload import TextLengths, Workload


def test_eight_lengths_stand_for_all():
    workload = Workload.of_lengths(
        np.random.default_rng(0).permutation(np.arange(4, 164)),
        batch_size=1,
        threads=2,
        origin="reviews",
    )
    assert workload.lengths == (14, 34, 54, 74, 94, 114, 134, 154)
    assert (workload.sequence_length, workload.longest) == (84, 154)
    assert str(workload) == "batch 1, texts of 14 to 154 tokens (as in reviews), 2 threads"
    assert [one.sequence_length for one in workload.passes] == list(workload.lengths)
    assert from_json(Workload, workload.to_dict(), what="a workload") == workload


def test_one_length_is_one_pass_and_says_no_more_than_that():
    workload = Workload(1, 32, 2)
    assert workload.passes == (workload,)
    assert workload.to_dict() == {"batch_size": 1, "sequence_length": 32, "threads": 2}
    assert from_json(Workload, workload.to_dict(), what="a workload") == workload


def test_terms_are_means_over_the_lengths(space):
    both = Workload(1, 24, 1, lengths=(16, 32), lengths_from="task").terms(space)
    short, long = (space.operation_terms(1, length) for length in (16, 32))
    for name, values in both.items():
        assert np.allclose(values, (short[name] + long[name]) / 2)


def test_a_space_is_measured_on_the_lengths_of_a_task(space):
    machine = FakeMachine()
    *_, last = measure(
        space,
        LatencySpec(threads=1),
        count=24,
        lengths=TextLengths("reviews", [4] * 10 + [60] * 10),
        instruments=machine.instruments,
    )
    profile = last.result
    assert profile.workload.lengths == (4,) * 4 + (60,) * 4
    assert profile.model.median_abs_percent_error < 0.1
    assert LatencyProfile.from_dict(profile.to_dict()) == profile
    largest = machine.mean_ms(profile.workload, space, profile.measurements[-1].architecture)
    assert abs(profile.measurements[-1].latency.median_ms / largest - 1) < 1e-6
