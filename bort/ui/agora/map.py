"""The map of a run: dev items and the points that a round sampled near its errors.

The map is fitted to the dev items alone, so nothing moves from round to round.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st

from bort.agora.loop import Provenance, Value
from bort.agora.loop.values import FloatArray
from bort.core.agora import TorusSpec
from bort.core.errors import InvalidDataError
from bort.figures.agora import MapGroup, MapMark, plot_map
from bort.figures.projection import Kind, Place, stable_map, text_vectors
from bort.jobs import JobRecord
from bort.report.agora import MapBasis, map_sentence, value_words, verdict_words
from bort.storage.agora import read_vectors
from bort.ui.agora import readings as agora_readings
from bort.ui.kit import chart, frame, markup, readings

KINDS: dict[str, Kind] = {"PCA": "pca", "t-SNE": "tsne"}
TEXT_CHARACTERS = 160


class Places(NamedTuple):
    """Positions of the dev items and of a round's points, shape (n, 2) each, and their basis."""

    dev: FloatArray
    points: FloatArray
    basis: MapBasis


@st.fragment
def show(job_id: int) -> None:
    """Show a switch and, once it is on, the map; nothing is computed before."""
    with frame.clear_errors():
        if not st.toggle("Map of the data", key=f"agora-map:{job_id}"):
            return
        left, right = st.columns([1, 2])
        with left:
            name = st.segmented_control(
                "Map", list(KINDS), default="PCA", key="agora-map-kind", required=True
            )
        job = readings.job(job_id)
        numbers = [r.number for r in agora_readings.run(job).rounds]
        number = numbers[0]
        if len(numbers) > 1:
            with right:
                number = st.select_slider("Round", numbers, key=f"agora-map-round:{job_id}")
        with st.spinner("Drawing the map (once per run)"):
            found = places(job, KINDS[name], number)
        chart.show(
            plot_map(marks(job, found, number), theme=frame.theme()),
            key=f"agora:map:{name}",
            alt=f"Map of the dev items and of the points sampled in round {number}",
        )
        spec = agora_readings.run(job).spec
        representation = None if isinstance(spec, TorusSpec) else spec.representation
        markup.note(map_sentence(KINDS[name], found.basis, representation))


def places(job: JobRecord, kind: Kind, number: int) -> Places:
    """Compute the positions of everything in a round.

    Raises:
        InvalidDataError: the task cannot be read any more, or there is too little to draw.
    """
    values = [row.point.value for row in _points(job, number)]
    basis, vectors = _located(job, number, values)
    place, dev = _fitted(readings.store().url, job.id, kind, basis)
    return Places(dev, place(vectors) if values else np.zeros((0, 2)), basis)


def marks(job: JobRecord, found: Places, number: int) -> list[MapMark]:
    """Make a mark for every dev item and every point of a round."""
    wrong = set(agora_readings.run(job).rounds[number].wrong_dev)
    made = [
        MapMark(x, y, MapGroup.WRONG if k in wrong else MapGroup.RIGHT, f"dev {k}: {_short(value)}")
        for k, ((x, y), value) in enumerate(zip(found.dev.tolist(), _dev(job), strict=True))
    ]
    for row, (x, y) in zip(_points(job, number), found.points.tolist(), strict=True):
        point = row.point
        name = f"{row.round}:{row.position}, {verdict_words(point.verdict)}"
        text = f"{name}, near dev {point.parent}: {_short(point.value)}"
        group = MapGroup.ACCEPTED if point.is_accepted else MapGroup.REFUSED
        made.append(MapMark(x, y, group, text))
    return made


def _points(job: JobRecord, number: int) -> list[Provenance]:
    return [row for row in agora_readings.run(job).points if row.round == number]


def _short(value: Value) -> str:
    text = value_words(value)
    return text if len(text) <= TEXT_CHARACTERS else text[: TEXT_CHARACTERS - 1] + "…"


def _dev(job: JobRecord) -> tuple[Value, ...]:
    found = agora_readings.parents(job)
    if found is None:
        raise InvalidDataError(
            "the map needs the run's dev items, but its task can no longer be read; put its "
            "file back"
        )
    return found


def _located(job: JobRecord, number: int, values: Sequence[Value]) -> tuple[MapBasis, FloatArray]:
    """Return the basis of a round's map and the vectors of its points."""
    if agora_readings.run(job).is_torus:
        return MapBasis.COORDINATES, np.array(values, dtype=float)
    stored = _stored(job, number, values)
    if stored is None or _stored(job, None, _dev(job)) is None:
        return MapBasis.WORDS, _by_words(job, values)
    return MapBasis.VECTORS, stored


def _by_words(job: JobRecord, values: Sequence[Value]) -> FloatArray:
    if not values:
        return np.zeros((0, 0))
    return text_vectors([value_words(v) for v in _dev(job)], [value_words(v) for v in values])


def _stored(job: JobRecord, number: int | None, values: Sequence[Value]) -> FloatArray | None:
    if not values:
        return np.zeros((0, 0))
    found = read_vectors(job, number, count=len(values))
    return None if found is None else found.astype(float)


@st.cache_resource(show_spinner=False, max_entries=8)
def _fitted(
    url: str,  # noqa: ARG001 -- part of the cache's key
    job_id: int,
    kind: Kind,
    basis: MapBasis,
) -> tuple[Place, FloatArray]:
    """Fit the map to the dev items; return the map and their positions."""
    job = readings.job(job_id)
    dev = _dev(job)
    if basis is MapBasis.COORDINATES:
        vectors = np.array(dev, dtype=float)
    else:
        stored = _stored(job, None, dev) if basis is MapBasis.VECTORS else None
        vectors = _by_words(job, dev) if stored is None else stored
    place = stable_map(vectors, kind=kind)
    return place, place(vectors)
