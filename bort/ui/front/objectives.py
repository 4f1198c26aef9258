"""What a front is of: a study, or somebody's table."""

from bort.studies.answers import StudyAnswer, TableAnswer
from bort.studies.choosing import Unit

Answer = StudyAnswer | TableAnswer


def unit_of(answer: Answer) -> Unit:
    """What size and latency mean."""
    return answer.columns if isinstance(answer, TableAnswer) else answer.spec.size.unit
