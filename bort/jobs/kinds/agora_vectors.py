"""What the map of a run on texts is drawn from: the vectors that it measures distances with."""

from collections.abc import Callable, Iterable

from bort.agora.loop import Round
from bort.agora.loop.values import FloatArray, Inputs, as_inputs
from bort.core.errors import StoreError
from bort.jobs.runtime.context import JobContext
from bort.storage.agora_vectors import has_vectors, write_vectors

Locate = Callable[[Inputs], FloatArray]
"""Inputs to their vectors, without a trace in the run."""


def keep_vectors(
    context: JobContext, locate: Locate | None, dev: Inputs, rounds: Iterable[Round]
) -> None:
    """Store the vectors of the dev items and of the rounds' points, where they are not stored.

    A run is worth more than its map: where nothing can be written it goes on, and its log says so.

    Args:
        locate: None where inputs are their own vectors.
    """
    if locate is None:
        return
    inputs: dict[int | None, Inputs] = {None: dev}
    inputs |= {r.number: as_inputs([point.value for point in r.points]) for r in rounds if r.points}
    try:
        for number, located in inputs.items():
            if not has_vectors(context.job, number):
                write_vectors(context.job, number, locate(located))
    except StoreError as error:
        context.warn(f"the map will compare words: {error}")
