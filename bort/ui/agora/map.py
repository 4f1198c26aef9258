"""The map of a run: dev items and the points that a round sampled near its errors."""

import streamlit as st

from bort.agora.loop.rounds import Verdict
from bort.agora.text.spec import STUDENT, WORDS
from bort.figures import agora as figures
from bort.figures.agora import MapMark
from bort.figures.projection import Kind
from bort.jobs import JobRecord
from bort.ui.agora import places as agora_places
from bort.ui.agora import readings as agora_readings
from bort.ui.agora.places import Compared, Places
from bort.ui.kit import chart, frame, markup, readings

KINDS: dict[str, Kind] = {"PCA": "pca", "t-SNE": "tsne"}
TEXT_CHARACTERS = 160


@st.fragment
def show(job_id: int) -> None:
    """A switch, and behind it the map; nothing is computed before it is asked for."""
    with frame.clear_errors():
        if not st.toggle("Map of the data", key=f"agora-map:{job_id}"):
            return
        left, right = st.columns([1, 2])
        with left:
            kind = st.segmented_control(
                "Map", list(KINDS), default="PCA", key="agora-map-kind", required=True
            )
        job = readings.job(job_id)
        numbers = [record.number for record in agora_readings.rounds(job)]
        number = numbers[0]
        if len(numbers) > 1:
            with right:
                number = st.select_slider("Round", numbers, key=f"agora-map-round:{job_id}")
        with st.spinner("Drawing the map, once per run"):
            found = agora_places.places(job, KINDS[kind], number)
            marks = _marks(job, found, number)
        chart.show(
            figures.plot_map(marks, theme=frame.theme()),
            key=f"agora:map:{kind}",
            alt=f"Map of the dev items and of the points sampled in round {number}",
        )
        markup.note(_reading(kind, _space(job, found.how)))


def _marks(job: JobRecord, found: Places, number: int) -> list[MapMark]:
    wrong = set(agora_readings.rounds(job)[number].round["wrong_dev"])
    parents = agora_readings.parents(job) or ()
    marks = [
        MapMark(
            float(x),
            float(y),
            figures.WRONG if k in wrong else figures.DEV,
            f"dev {k}: {_short(value)}",
        )
        for k, ((x, y), value) in enumerate(zip(found.dev, parents, strict=True))
    ]
    rows = (row for row in agora_readings.points(job) if row["round"] == number)
    for row, (x, y) in zip(rows, found.points, strict=True):
        group = (
            figures.ACCEPTED
            if row["verdict"] in (Verdict.ACCEPTED, Verdict.RELABELLED)
            else figures.REFUSED
        )
        name = f"{row['round']}:{row['position']}"
        text = f"{name}, {row['verdict']}, near dev {row['parent']}: {_short(row['value'])}"
        marks.append(MapMark(float(x), float(y), group, text))
    return marks


def _short(value: object) -> str:
    text = agora_readings.as_text(value)  # type: ignore[arg-type]
    return text if len(text) <= TEXT_CHARACTERS else text[: TEXT_CHARACTERS - 1] + "…"


def _space(job: JobRecord, how: Compared) -> str:
    if how is Compared.COORDINATES:
        return "Points are taken as they are"
    if how is Compared.WORDS:
        return (
            "This round has no sentence vectors stored, so its texts are compared by the words "
            "they use (tf-idf), not in the space that the run measures distances in"
        )
    if job.spec.get("representation") == WORDS:
        return (
            "Texts are compared by means of their word vectors, with which the run measures its "
            "distances"
        )
    if job.spec.get("representation") == STUDENT:
        return (
            "Texts are compared by the source network's sentence vectors; this run measures "
            "distances in those of each round's student, in which everything moves"
        )
    return (
        "Texts are compared by the source network's sentence vectors, with which the run measures "
        "its distances"
    )


def _reading(kind: str, space: str) -> str:
    how = (
        "the plane in which the dev items vary most"
        if kind == "PCA"
        else "neighbours stay neighbours, distances between groups mean nothing; a sampled point "
        "lies among the dev items nearest to it"
    )
    return f"{space}; {how}. The map is fitted to the dev items: no point moves between rounds."
