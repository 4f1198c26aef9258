"""The best point of a study within limits."""

from dataclasses import dataclass

from bort.core.errors import InvalidOptionError
from bort.studies.answers.values import Point, StudyAnswer


@dataclass(frozen=True, slots=True)
class Limits:
    """What a point may cost at most; None is no limit.

    Attributes:
        max_latency_ms: milliseconds per text, as the study times it.
        max_parameters: number of parameters.
    """

    max_latency_ms: float | None = None
    max_parameters: int | None = None


def best_within(answer: StudyAnswer, limits: Limits) -> Point | None:
    """Find the most accurate point within limits; without limits, the one with the largest W.

    Returns:
        None if nothing has been trained.
    Raises:
        InvalidOptionError: no trained architecture meets the limits.
    """
    if limits == Limits() or not answer.points:
        return answer.best

    def meets(point: Point) -> bool:
        latency, size = limits.max_latency_ms, limits.max_parameters
        return (latency is None or per_text(answer, point) <= latency) and (
            size is None or point.parameter_count <= size
        )

    fitting = [point for point in answer.front if meets(point)]
    if not fitting:
        fastest = min(answer.points, key=lambda point: per_text(answer, point))
        raise InvalidOptionError(
            "no trained architecture meets the limits of latency and parameters; the fastest, "
            f"{fastest.id}, needs {per_text(answer, fastest):.3g} ms per text and has "
            f"{fastest.parameter_count:,} parameters; raise a limit or the budget"
        )
    return min(fitting, key=lambda point: (point.error_rate, -point.w))


def per_text(answer: StudyAnswer, point: Point) -> float:
    """The latency of a point in milliseconds per text."""
    return latency_of(point) / answer.latency.batch_size


def latency_of(point: Point) -> float:
    """The measured latency of a point; the predicted one if it was not measured."""
    measured = point.latency_measured
    return point.latency_ms if measured is None else measured.median_ms
