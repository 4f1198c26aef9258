"""The answers of studies, computed from stored evaluations.

One function for the command line, the pages and the job, so that they cannot disagree.
"""

from bort.studies.answers.limits import Limits, best_within, latency_of
from bort.studies.answers.measured import misfit, redrawn
from bort.studies.answers.read import (
    CERTIFICATE,
    counted_in,
    latest_study,
    read_answer,
    study_certificate,
    study_costs,
    units_of,
    winning_weights,
)
from bort.studies.answers.rows import TablePoint
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
    "Limits",
    "MeasuredLatency",
    "Point",
    "StudyAnswer",
    "TableAnswer",
    "TablePoint",
    "best_within",
    "counted_in",
    "latency_of",
    "latest_study",
    "misfit",
    "read_answer",
    "redrawn",
    "study_certificate",
    "study_costs",
    "units_of",
    "winning_weights",
]
