"""A measurement that is killed continues after its complete rounds."""

import numpy as np
import pytest
from fake_machine import FakeMachine

from bort.core.study import LatencySpec
from bort.families import FamilySpace
from bort.latency.kept_rounds import KeptRounds
from bort.latency.space import measure

SPACE = FamilySpace(
    "small",
    "bert",
    {"depth": (1, 2, 3), "heads": (2,), "hidden": (64, 128), "intermediate": (64, 128)},
    {"vocabulary": 100, "positions": 64},
)
SPEC = LatencySpec(sequence_length=16, threads=1)


def steps(machine, kept, spec=SPEC):
    return measure(SPACE, spec, count=12, instruments=machine.instruments, kept=kept)


def test_a_killed_measurement_keeps_its_complete_rounds(tmp_path):
    whole = [*steps(FakeMachine(), None)][-1].result
    machine = FakeMachine()
    for step in steps(machine, KeptRounds(tmp_path / "rounds")):
        if step.stage == "measuring" and step.done == 4:
            break  # and nothing is told to stop: as after a kill
    with (tmp_path / "rounds").open("ab") as file:
        file.write(b"torn")
    again = FakeMachine()
    found = [*steps(again, KeptRounds(tmp_path / "rounds"))]
    measured = [step for step in found if step.stage == "measuring"]
    assert measured[0].done == 5
    profile = found[-1].result
    assert (profile.rounds, profile.complete) == (whole.rounds, True)
    found_ms = [one.latency.median_ms for one in profile.measurements]
    assert found_ms == pytest.approx([one.latency.median_ms for one in whole.measurements])


def test_rounds_of_other_models_are_not_mixed_in(tmp_path):
    path = tmp_path / "rounds"
    kept = KeptRounds(path)
    kept.open(["a"], 2)
    assert kept.seconds == ()
    kept.add(np.array([[1.0, 2.0], [3.0, 4.0]]), 0.25)
    kept.add(np.array([[5.0, 6.0], [7.0, 8.0]]), 0.125)
    again = KeptRounds(path)
    again.open(["a"], 2)
    assert again.others_share == 0.25
    assert [one.tolist() for one in again.seconds] == [
        [[1.0, 2.0], [3.0, 4.0]],
        [[5.0, 6.0], [7.0, 8.0]],
    ]
    other = KeptRounds(path)
    other.open(["b"], 2)
    assert other.seconds == ()
    assert not path.exists()
