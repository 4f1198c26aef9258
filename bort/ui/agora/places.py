"""Where the dev items and the points of a run lie on its map, with what is costly kept."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import streamlit as st

from bort.agora.loop.values import FloatArray, Value
from bort.core.errors import InvalidDataError
from bort.figures.projection import Kind, Place, stable_map, text_vectors
from bort.jobs import JobRecord
from bort.storage.agora_vectors import read_vectors
from bort.ui.agora import readings as agora_readings
from bort.ui.agora.request import TORUS
from bort.ui.kit import readings


class Compared(StrEnum):
    """By what a map tells which items are alike."""

    COORDINATES = "coordinates"
    SENTENCES = "sentence vectors"
    WORDS = "words"


class Places(NamedTuple):
    """Places of the dev items and of a round's points, shapes (n, 2), and how they were found."""

    dev: FloatArray
    points: FloatArray
    how: Compared


def places(job: JobRecord, kind: Kind, number: int) -> Places:
    """Where everything lies in a round; sentence vectors tell, where the run has stored them.

    The map is fitted to the dev items alone: nothing moves from round to round.

    Raises:
        InvalidDataError: the task cannot be read any more, or there is too little to draw.
    """
    values = _values(job, number)
    how, vectors = _located(job, number, values)
    place, dev = _base(readings.store().url, job.id, kind, how)
    return Places(dev, place(vectors) if values else np.zeros((0, 2)), how)


def _located(job: JobRecord, number: int, values: Sequence[Value]) -> tuple[Compared, FloatArray]:
    """What the map of a round is drawn from, and the vectors of its points."""
    if job.spec.get("task") == TORUS:
        return Compared.COORDINATES, np.array(values, dtype=float)
    stored = _stored(job, number, values)
    if stored is None or _stored(job, None, _dev(job)) is None:
        return Compared.WORDS, _by_words(job, values)
    return Compared.SENTENCES, stored


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


def _by_words(job: JobRecord, values: Sequence[Value]) -> FloatArray:
    if not values:
        return np.zeros((0, 0))
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
    dev = _dev(job)
    if how is Compared.COORDINATES:
        vectors = np.array(dev, dtype=float)
    else:
        stored = _stored(job, None, dev) if how is Compared.SENTENCES else None
        vectors = _by_words(job, dev) if stored is None else stored
    place = stable_map(vectors, kind=kind)
    return place, place(vectors)
