"""Where the dev items and the points of a run lie on its map, with what is costly kept."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import streamlit as st

from bort.agora.values import FloatArray, Value
from bort.errors import InvalidDataError
from bort.jobs import JobRecord
from bort.projection import Kind, Place, stable_map, text_vectors
from bort.storage.agora_vectors import read_vectors
from bort.ui import agora_readings, readings
from bort.ui.agora_request import TORUS


class Compared(StrEnum):
    """By what a map tells which items are alike."""

    COORDINATES = "coordinates"
    SENTENCES = "sentence vectors"
    WORDS = "words"


def compared_by(job: JobRecord, number: int) -> Compared:
    """What the map of a round is drawn from: sentence vectors where the run has stored them."""
    if job.spec.get("task") == TORUS:
        return Compared.COORDINATES
    stored = (_stored(job, None, _dev(job)), _stored(job, number, _values(job, number)))
    return Compared.WORDS if any(found is None for found in stored) else Compared.SENTENCES


def places(job: JobRecord, kind: Kind, number: int) -> tuple[FloatArray, FloatArray]:
    """Places of the dev items and of a round's points, shapes (n, 2).

    The map is fitted to the dev items alone: nothing moves from round to round.

    Raises:
        InvalidDataError: the task cannot be read any more, or there is too little to draw.
    """
    how = compared_by(job, number)
    place, dev = _base(readings.store().url, job.id, kind, how)
    values = _values(job, number)
    points = place(_vectors(job, number, values, how)) if values else np.zeros((0, 2))
    return dev, points


def _dev(job: JobRecord) -> tuple[Value, ...]:
    found = agora_readings.parents(job)
    if found is None:
        raise InvalidDataError(
            "the map needs the run's dev items, and its task cannot be read any more; put its "
            "file back"
        )
    return found


def _values(job: JobRecord, number: int) -> list[Value]:
    return [row["value"] for row in agora_readings.points(job) if row["round"] == number]


def _vectors(
    job: JobRecord, number: int | None, values: Sequence[Value], how: Compared
) -> FloatArray:
    """One for each of the dev items (number None) or of a round's points."""
    if how is Compared.COORDINATES:
        return np.array(values, dtype=float)
    if how is Compared.SENTENCES:
        stored = _stored(job, number, values)
        assert stored is not None  # else `compared_by` had said so
        return stored
    texts = [agora_readings.as_text(value) for value in values]
    return text_vectors([agora_readings.as_text(value) for value in _dev(job)], texts)


def _stored(job: JobRecord, number: int | None, values: Sequence[Value]) -> FloatArray | None:
    if not values:
        return np.zeros((0, 0))
    found = read_vectors(job, number, count=len(values))
    return None if found is None else found.astype(float)


@st.cache_resource(show_spinner=False, max_entries=8)
def _base(
    url: str,  # noqa: ARG001 -- part of the cache's key
    job_id: int,
    kind: Kind,
    how: Compared,
) -> tuple[Place, FloatArray]:
    """The map, and the places of the dev items on it."""
    job = readings.job(job_id)
    vectors = _vectors(job, None, _dev(job), how)
    place = stable_map(vectors, kind=kind)
    return place, place(vectors)
