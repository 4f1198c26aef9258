"""Measured latencies of winners, next to the latency model's predictions."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bort.latency.profile import LatencyProfile
from bort.search.pareto import is_non_dominated
from bort.studies.answers.values import MeasuredLatency, Point, StudyAnswer


def with_measured(answer: StudyAnswer, profile: LatencyProfile | None) -> StudyAnswer:
    """Add `latency_measured` to every point of the answer that `profile` contains.

    The certificate, the front and the best do not change: they are about predicted latency.

    Args:
        profile: the newest measurement of the study's winners; None if there is none.
    """
    if profile is None:
        return answer
    found = {
        one.id: MeasuredLatency(
            median_ms=one.latency.median_ms,
            low_ms=one.latency.low_ms,
            high_ms=one.latency.high_ms,
            p95_ms=one.latency.p95_ms,
            profile=profile.name,
        )
        for one in profile.measurements
    }

    def marked(points: Sequence[Point]) -> tuple[Point, ...]:
        return tuple(replace(p, latency_measured=found.get(p.id)) for p in points)

    best = None if answer.best is None else marked([answer.best])[0]
    return replace(answer, points=marked(answer.points), front=marked(answer.front), best=best)


def misfit(answer: StudyAnswer) -> float | None:
    """Return measured over predicted latency, the median of the winners, if most leave the band.

    A profile was right when it was measured. The machine may have changed since.

    Returns:
        None if at least half of the measured winners are within the model's band, or none is
        measured.
    """
    ratios = np.array(
        [p.latency_measured.median_ms / p.latency_ms for p in answer.points if p.latency_measured]
    )
    if answer.latency.band is None or not len(ratios):
        return None
    is_outside = np.abs(ratios - 1) > answer.latency.band
    return float(np.median(ratios)) if is_outside.mean() > 0.5 else None


def redrawn(answer: StudyAnswer) -> StudyAnswer:
    """Replace predicted by measured latencies, and compute the new front.

    Points that were not measured keep their predictions. This is for display only: W, cover and
    certificate are still about predicted latency. O(n log n) for n points.
    """
    points = [_as_measured(point) for point in answer.points]
    if not points:
        return answer
    costs = np.array([(p.size, p.latency_ms, p.error_rate) for p in points], float)
    on_front = is_non_dominated(costs)
    points = [replace(p, is_on_front=bool(on)) for p, on in zip(points, on_front, strict=True)]
    return replace(answer, points=tuple(points), front=tuple(p for p in points if p.is_on_front))


def _as_measured(point: Point) -> Point:
    measured = point.latency_measured
    if measured is None:
        return point
    return replace(
        point,
        latency_ms=measured.median_ms,
        latency_low_ms=measured.low_ms,
        latency_high_ms=measured.high_ms,
    )
