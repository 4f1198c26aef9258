"""Agora: make a student learn from scarce data, by sampling new points near its dev errors.

Pure: every expensive or outside thing (students, labelers, spaces, samplers) is handed in.
"""

from bort.agora.loop.history import Provenance, corrected, provenance, training_set
from bort.agora.loop.options import AgoraOptions
from bort.agora.loop.parts import (
    Guard,
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
from bort.agora.loop.run import AgoraTask, Step, agora, check_labeler
from bort.agora.loop.values import ErrorRate, Examples, Inputs, as_inputs, as_values, error_rate

__all__ = [
    "AgoraOptions",
    "AgoraTask",
    "Ending",
    "ErrorRate",
    "Examples",
    "GeneratedPoint",
    "Guard",
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
