"""The answers of studies: stored evaluations in, the answer for people and programs out.

One function for the command line, the pages and the job, so that they cannot disagree.
"""

from bort.studies.answers.measured import redrawn
from bort.studies.answers.read import (
    CERTIFICATE,
    latest_study,
    read_answer,
    study_certificate,
    study_costs,
    winning_weights,
)
from bort.studies.answers.values import (
    LatencyBasis,
    MeasuredLatency,
    Point,
    StudyAnswer,
    TableAnswer,
)

__all__ = [
    "CERTIFICATE",
    "LatencyBasis",
    "MeasuredLatency",
    "Point",
    "StudyAnswer",
    "TableAnswer",
    "latest_study",
    "read_answer",
    "redrawn",
    "study_certificate",
    "study_costs",
    "winning_weights",
]
