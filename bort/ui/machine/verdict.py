"""The verdict on noise, and on whose machine it was, in the same words everywhere."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bort.ui.kit import markup


def show(noise: Mapping[str, Any]) -> None:
    """Whether two architectures can be ranked, why not, and what else to know."""
    if noise["ok"]:
        markup.notice(quiet(noise))
    else:
        markup.problem(
            "The machine was too busy, or changed too much, to trust these numbers: "
            f"{'; '.join(noise['reasons'])}. Measure again when it is quiet."
        )
    for warning in noise["warnings"]:
        markup.note(f"Note: {warning}.")


def quiet(noise: Mapping[str, Any]) -> str:
    """What a quiet machine can tell apart.

    Examples:
        >>> quiet({"resolution": 0.021, "others_share": 0.01})
        'Quiet enough: architectures that differ by 2.1 % or more can be ranked; other processes \
took 1 % of the CPU.'
    """
    resolution = noise.get("resolution")
    apart = (
        "two architectures can be ranked"
        if resolution is None
        else f"architectures that differ by {100 * resolution:.1f} % or more can be ranked"
    )
    others = f"other processes took {100 * noise['others_share']:.0f} % of the CPU"
    return f"Quiet enough: {apart}; {others}."


def moment(text: str) -> str:
    """When something was measured, for reading; what is no ISO 8601 stays as it is.

    Examples:
        >>> moment("2026-11-22T23:39:56+00:00")
        '2026-11-22 23:39 UTC'
        >>> moment("last week")
        'last week'
    """
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return text
    at = then if then.tzinfo else then.replace(tzinfo=UTC)
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def origin(differences: Sequence[str]) -> None:
    """Say that latencies are another machine's; nothing where they are this one's."""
    if differences:
        markup.notice(
            f"Measured on another machine or software: {'; '.join(differences)}. It can be used, "
            "but its latencies are not this machine's."
        )
