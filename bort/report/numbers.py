"""Readable numbers for terminal and pages."""

import math
from collections.abc import Mapping

from bort.core.architecture import Architecture


def counted(count: int, what: str, several: str | None = None) -> str:
    """Write a number of things.

    Args:
        several: its plural; None adds an s.

    Examples:
        >>> counted(1, "row"), counted(2000, "column"), counted(3, "study", "studies")
        ('1 row', '2,000 columns', '3 studies')
    """
    return f"{count:,} {what if count == 1 else several or what + 's'}"


def duration(seconds: float) -> str:
    """Write seconds as a readable duration.

    Examples:
        >>> duration(7.4), duration(125), duration(7300)
        ('7 s', '2 min 5 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def basis(timed: int) -> str:
    """Say what an expected time is based on.

    Args:
        timed: number of comparable trainings that the store has timed.
    """
    if not timed:
        return "nothing comparable has been timed yet; the first trainings will tell"
    return f"from {counted(timed, 'training')} timed in this store, examples included"


def shape(architecture: Mapping[str, int]) -> str:
    """Write the sizes of an architecture, after its family where the space has several.

    Examples:
        >>> shape({"depth": 2, "hidden": 96})
        'depth 2, hidden 96'
        >>> shape({"static.vocabulary": 1000, "static.hidden": 64})
        'static, vocabulary 1000, hidden 64'
    """
    known = Architecture.of(**architecture)
    sizes = [f"{name} {value}" for name, value in known.alone.as_dict().items()]
    return ", ".join([*([known.family] if known.family else []), *sizes])


def significant(value: float, digits: int = 4) -> str:
    """Write a number of any unit with a few digits, and never with an exponent above 1.

    Examples:
        >>> [significant(value) for value in (109_482_240, 1234.56, 0.7312, 0.0)]
        ['109,500,000', '1,235', '0.7312', '0']
    """
    text = f"{value:.{digits}g}"
    return f"{float(text):,.0f}" if abs(value) >= 10 ** (digits - 1) else text


def compact(value: float) -> str:
    """Write a round number, in thousands or millions where it is large.

    Examples:
        >>> [compact(value) for value in (0.5, 2000, 150_000, 2e7, 5e9)]
        ['0.5', '2000', '150k', '20M', '5G']
    """
    for least, unit, sign in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(value) >= least:
            return f"{value / unit:g}{sign}"
    return f"{value:g}"


def megabytes(size_bytes: int) -> str:
    """Write a size in MB, with three digits.

    Examples:
        >>> megabytes(94_000), megabytes(3_300_000), megabytes(90_100_000)
        ('0.094', '3.3', '90.1')
    """
    size = size_bytes / 1e6
    return f"{size:.3f}" if size < 1 else f"{size:.1f}"


def milliseconds(value: float) -> str:
    """Write milliseconds, to the microsecond below 0.1, where small networks are.

    Examples:
        >>> milliseconds(0.0374), milliseconds(0.73), milliseconds(2.386), milliseconds(1234.5)
        ('0.037', '0.73', '2.39', '1,234.50')
    """
    return f"{value:.3f}" if value < 0.1 else f"{value:,.2f}"


def milliseconds_range(low: float, high: float) -> str:
    """Write an interval of milliseconds.

    Examples:
        >>> milliseconds_range(0.0362, 0.0391)
        '0.036 to 0.039'
    """
    return f"{milliseconds(low)} to {milliseconds(high)}"


def short_count(count: int) -> str:
    """Write a count with three digits, in millions from 100,000 on.

    Examples:
        >>> short_count(66), short_count(32_066), short_count(128_066), short_count(22_713_986)
        ('66', '32,066', '0.128 M', '22.7 M')
    """
    if count < 100_000:
        return f"{count:,}"
    value = count / 1e6
    return f"{value:.{3 if value < 1 else 2 if value < 10 else 1}f} M"


def percent_down(share: float) -> str:
    """Write a share in percent, never larger than it is.

    Examples:
        >>> percent_down(0.9696), percent_down(0.0004)
        ('96.9%', '0.0%')
    """
    return f"{math.floor(1000 * share + 1e-9) / 1000:.1%}"


def rounded_down(value: float, digits: int = 3) -> str:
    """Write a number between 0 and 1 with few decimals, never larger than it is.

    Examples:
        >>> rounded_down(0.7496), rounded_down(0.75)
        ('0.749', '0.75')
    """
    return f"{math.floor(10**digits * value + 1e-9) / 10**digits:g}"


def percent(share: float) -> str:
    """Write a share in percent; a small one is not written as none.

    Examples:
        >>> percent(0.1234), percent(0.0004), percent(0)
        ('12.3%', '0.04%', '0.0%')
    """
    return f"{share:.1%}" if share >= 0.001 or not share else f"{100 * share:.2g}%"


def rounded_up(value: float, digits: int = 3) -> str:
    """Write a positive number with few digits, never smaller than it is.

    What is certified at 0.11748 is not certified at 0.117.

    Examples:
        >>> rounded_up(0.11748), rounded_up(0.25), rounded_up(2.001), rounded_up(0)
        ('0.118', '0.25', '2.01', '0')
    """
    text = f"{value:.{digits}g}"
    if float(text) >= value:
        return text
    unit = 10 ** (math.floor(math.log10(value)) - digits + 1)
    return f"{float(text) + unit:.{digits}g}"
