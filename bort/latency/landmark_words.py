"""In plain words: where a landmark measured here differs from what was published of it."""

from collections.abc import Mapping, Sequence
from typing import Any

SAME_SIZE = 0.01
"""Published counts are rounded to about so much."""


def remarks(row: Mapping[str, Any]) -> list[str]:
    """What differs, one sentence each, from one row of `LandmarkTiming.to_dict()`.

    Examples:
        >>> remarks({"parameter_count": 335_000_000, "published_parameter_count": 340_000_000,
        ...     "published_effective_share_of_large": None, "published_times_faster_than": {}})
        ['1.5 % smaller than published.']
    """
    found = []
    difference = row["parameter_count"] / row["published_parameter_count"] - 1
    if abs(difference) > SAME_SIZE:
        word = "larger" if difference > 0 else "smaller"
        found.append(f"{100 * abs(difference):.1f} % {word} than published.")
    share = row["published_effective_share_of_large"]
    if share is not None:
        found.append(
            f"Without embeddings {row['effective_share_of_large']:.1%} of BERT-large, "
            f"published as {share:.1%}."
        )
    for than, published in row["published_times_faster_than"].items():
        found.append(f"{_speed(row, than)} {verdict(published, *row_interval(row, than))}")
    return found


def verdict(published: float, low: float, high: float) -> str:
    """Whether a published factor lies within the interval found here.

    Examples:
        >>> verdict(20, 15.2, 16.9)
        'The announced 20 times is not reached here.'
        >>> verdict(7.9, 7.5, 8.1)
        'The announced 7.9 times holds here.'
        >>> verdict(7.9, 8.5, 9)
        'The announced 7.9 times is exceeded here.'
    """
    word = "is not reached" if high < published else "is exceeded" if low > published else "holds"
    return f"The announced {published:g} times {word} here."


def announced(answer: Mapping[str, Any]) -> list[str]:
    """The announced factors of speed against what was found, one sentence each, with the workload.

    Args:
        answer: `LandmarkTiming.to_dict()`, as far as it is needed: runtime, workload, landmarks.
    """
    where = (
        f"{answer['runtime']}, batch {answer['batch_size']}, {answer['sequence_length']} tokens, "
        f"{answer['threads']} thread{'s' if answer['threads'] > 1 else ''}"
    )
    return [
        f"{where}: {row['name']} {_speed(row, than)} {verdict(published, *row_interval(row, than))}"
        for row in answer["landmarks"]
        for than, published in row["published_times_faster_than"].items()
    ]


def row_interval(row: Mapping[str, Any], than: str) -> tuple[float, float]:
    """The ends of the 95 % interval of how many times faster it is."""
    ends: Sequence[float] = row["times_faster_interval"][than]
    return ends[0], ends[1]


def _speed(row: Mapping[str, Any], than: str) -> str:
    low, high = row_interval(row, than)
    return (
        f"takes 1/{row['times_faster_than'][than]:.1f} of {than}'s time "
        f"({low:.1f} to {high:.1f} times faster)."
    )
