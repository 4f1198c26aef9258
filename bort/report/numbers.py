"""Numbers as people say them, for terminal and pages alike."""


def duration(seconds: float) -> str:
    """Seconds as people say them.

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
    """What an expected time rests on.

    Args:
        timed: number of comparable trainings that the store has timed.
    """
    if not timed:
        return "nothing comparable has been timed yet; the first trainings will show"
    return f"from {timed} trainings timed in this store, examples included"
