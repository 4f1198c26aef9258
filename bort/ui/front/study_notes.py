"""What a reader should know before trusting a study's numbers: odd data, a noisy machine."""

from bort.report.search import NOISY
from bort.studies.answers import StudyAnswer
from bort.ui.kit import markup, readings


def show(answer: StudyAnswer) -> None:
    """One notice each; nothing where nothing is odd."""
    if answer.latency.noise_ok is False:
        markup.notice(NOISY)
    for warning in readings.warnings(answer.job):
        markup.notice(warning)
