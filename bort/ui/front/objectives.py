"""What the axes of a front are: of a study, or of somebody's table."""

from bort import figures
from bort.figures import LATENCY, TEXT_TO_LABEL, Objective
from bort.studies.answers import StudyAnswer, TableAnswer
from bort.studies.choosing import Unit

Answer = StudyAnswer | TableAnswer


def unit_of(answer: Answer) -> Unit:
    """What size and latency mean."""
    return answer.columns if isinstance(answer, TableAnswer) else answer.spec.size.unit


def objectives_of(answer: Answer) -> tuple[Objective, ...]:
    """The axes of size, latency and error; a study or a table says what they mean."""
    is_to_label = isinstance(answer, StudyAnswer) and answer.latency.is_text_to_label
    return figures.objectives_of(unit_of(answer), latency=TEXT_TO_LABEL if is_to_label else LATENCY)
