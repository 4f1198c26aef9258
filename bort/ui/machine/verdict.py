"""The verdict on noise and origin, shown wherever latencies are shown."""

from collections.abc import Sequence

from bort.core.machine import Difference
from bort.latency.noise import Noise
from bort.report.latency import noise_sentence, origin_sentence, warning_sentence
from bort.ui.kit import markup


def show(noise: Noise) -> None:
    """Say whether the latencies can be trusted, and if not, why."""
    if noise.ok:
        markup.notice(noise_sentence(noise))
    else:
        markup.problem(noise_sentence(noise))
    for warning in noise.warnings:
        markup.note(warning_sentence(warning))


def origin(differences: Sequence[Difference]) -> None:
    """Say if latencies come from another machine."""
    if differences:
        markup.notice(
            f"{origin_sentence(differences)} You can use it, but its latencies are not this "
            "machine's."
        )
