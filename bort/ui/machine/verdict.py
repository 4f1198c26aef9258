"""The verdict on noise, and on whose machine it was, wherever latencies are shown."""

from collections.abc import Sequence

from bort.core.machine import Difference
from bort.latency.noise import Noise
from bort.report.latency import noise_sentence, origin_sentence, warning_sentence
from bort.ui.kit import markup


def show(noise: Noise) -> None:
    """Say whether two architectures can be ranked, why not, and what else to know."""
    if noise.ok:
        markup.notice(noise_sentence(noise))
    else:
        markup.problem(noise_sentence(noise))
    for warning in noise.warnings:
        markup.note(warning_sentence(warning))


def origin(differences: Sequence[Difference]) -> None:
    """Say that latencies are another machine's; say nothing where they are this one's."""
    if differences:
        markup.notice(
            f"{origin_sentence(differences)} It can be used, but its latencies are not this "
            "machine's."
        )
