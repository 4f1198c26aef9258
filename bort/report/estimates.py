"""Words about expected costs."""


def basis(timed: int) -> str:
    """Say what an expected time is based on.

    Args:
        timed: number of comparable trainings that the store has timed.
    """
    if not timed:
        return "nothing comparable has been timed yet; the first trainings will tell"
    return f"from {timed} trainings timed in this store, examples included"
