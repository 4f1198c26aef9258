"""The frozen descriptions of measurements: of a space, and of a study's front."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bort.core.fields import Description, ask
from bort.core.kinds import Flag, Number, Text, Whole
from bort.core.study import SEED, LatencySpec, TaskSpec

MEASURING_MINUTES = Number(0.1, 120, step=5, metavar="M")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureSpec(Description):
    """A measurement of a sample of a space, from which the latency of the others is predicted.

    Attributes:
        space: the space as `SearchSpace.to_dict()` gives it.
        latency: runtime and workload; its `profile` is not used.
        lengths_from, wait: with the text lengths of this task; for another measurement to end.
    """

    space: Mapping[str, Any]
    latency: LatencySpec
    lengths_from: TaskSpec | None = None
    wait: bool = False
    text_to_label: bool = ask(
        False,
        Flag(),
        "Text to label",
        "Time tokenizer, padding, network and softmax on the texts that --lengths-from names, not "
        "the network alone.",
    )
    count: int = ask(
        48,
        Whole(step=8),
        "Architectures",
        "Architectures to measure. Half of them, at most 32 of each family, fit the model; the "
        "others test it.",
    )
    seed: int = ask(0, SEED, "Seed", "Seed for choosing and ordering the architectures.")
    name: str | None = ask(
        None,
        Text("NAME", "a name"),
        "Name",
        "Name of the profile in the store.",
        empty="built from space, runtime and time",
    )
    minutes: float | None = ask(
        None,
        MEASURING_MINUTES,
        "Minutes at most",
        "Longest time to measure, used up only if the machine is noisy.",
        empty="5",
        example="10",
        advanced=True,
    )
    new_pace: bool = ask(
        False,
        Flag(),
        "Forget the usual pace",
        "Forget this machine's usual pace. This measurement, if quiet, sets the new one.",
        advanced=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnersSpec(Description):
    """A measurement of a study's front, on its workload; `wait` as in `MeasureSpec`."""

    study: str
    wait: bool = False
    seed: int = ask(0, SEED, "Seed", "Seed for ordering the architectures.", advanced=True)
    minutes: float | None = ask(
        None,
        MEASURING_MINUTES,
        "Minutes at most",
        "Longest time to measure, used up only if the machine is noisy.",
        empty="1",
        example="10",
        advanced=True,
    )
