"""Agora's loop: teach a student from scarce data by sampling new points near its dev errors.

The loop is pure. Students, labelers, spaces and samplers are passed in.
"""

from bort.agora.loop.history import Provenance, corrected, provenance, training_set
from bort.agora.loop.parts import (
    AgoraOptions,
    AgoraTask,
    Guard,
    Hyperparameters,
    Labeler,
    Labels,
    Model,
    Parts,
    Proposals,
    Represent,
    Sampler,
    Student,
)
from bort.agora.loop.rounds import Ending, GeneratedPoint, Round, Verdict
from bort.agora.loop.run import Step, agora, check_labeler
from bort.agora.loop.values import (
    ErrorRate,
    Examples,
    Inputs,
    Value,
    as_inputs,
    as_values,
    error_rate,
)

__all__ = [
    "AgoraOptions",
    "AgoraTask",
    "Ending",
    "ErrorRate",
    "Examples",
    "GeneratedPoint",
    "Guard",
    "Hyperparameters",
    "Inputs",
    "Labeler",
    "Labels",
    "Model",
    "Parts",
    "Proposals",
    "Provenance",
    "Represent",
    "Round",
    "Sampler",
    "Step",
    "Student",
    "Value",
    "Verdict",
    "agora",
    "as_inputs",
    "as_values",
    "check_labeler",
    "corrected",
    "error_rate",
    "provenance",
    "training_set",
]
