"""Agora: make a student learn from scarce data, by sampling new points near its dev errors.

Pure: every expensive or outside thing (students, labelers, spaces, samplers) is handed in.
"""

from bort.agora.history import Provenance, corrected, provenance, training_set
from bort.agora.loop import AgoraTask, Step, agora, check_labeler
from bort.agora.options import AgoraOptions
from bort.agora.parts import (
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
from bort.agora.rounds import Ending, GeneratedPoint, Round, Verdict
from bort.agora.values import ErrorRate, Examples, Inputs, as_inputs, as_values, error_rate

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
