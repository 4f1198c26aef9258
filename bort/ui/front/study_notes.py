"""What a reader should know before trusting a study's numbers: odd data, a noisy machine."""

from bort.studies.answers import StudyAnswer
from bort.ui.kit import markup, readings

NOISY = (
    "The machine was not quiet while latency was measured: architectures whose latencies lie "
    "close may be ranked wrongly. Close other programs and measure again: bort latency measure"
)


def show(answer: StudyAnswer) -> None:
    """One notice each; nothing where nothing is odd."""
    if answer.latency.get("noise_ok") is False:
        markup.notice(NOISY)
    for warning in readings.warnings(answer.job):
        markup.notice(warning)
