"""The map of a run: dev items that never move, the rounds' points, play, lasso and picks."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

from bort.agora.maps import Kind
from bort.core.agora import TorusSpec
from bort.figures.agora_map import (
    Chunk,
    colourings,
    dev_chunk,
    map_script,
    map_style,
    map_view,
    round_chunk,
    samplers_of,
)
from bort.report.agora_map import KIND_NAMES, NO_MAP, map_sentence
from bort.studies.agora import DevItems, StoredRun
from bort.studies.agora_map import dev_places, kept_by, map_kinds, round_places
from bort.ui.agora import readings as agora_readings
from bort.ui.agora import selection
from bort.ui.kit import address, frame, markup, readings

HEIGHT = "clamp(320px, min(100vh - 380px, 95vw), 900px)"


def show(run: StoredRun, dev: DevItems) -> None:
    """Draw the map; its reader's pick, round and selection are in the address and the session."""
    job = run.job
    kinds = map_kinds(run)
    if not kinds:
        markup.notice(NO_MAP)
        return
    kind = _choose_kind(kinds)
    chunks = [_dev_chunk(readings.store().url, job.id, kind)]
    chunks += [_round_chunk(*_state(run, number), kind) for number in range(len(run.rounds))]
    with st.container(key="map-chunks"):
        for chunk in chunks:
            _chunk_component()(key=f"chunk:{job.id}:{chunk['number']}", data=chunk)
    _draw(run, dev, chunks, kind)
    spec = run.spec
    representation = None if isinstance(spec, TorusSpec) else spec.representation
    markup.note(map_sentence(kind, representation, kept_by(run, kind)))


def _choose_kind(kinds: Sequence[Kind | None]) -> Kind | None:
    if len(kinds) < 2:
        return kinds[0]
    asked = address.map_kind()
    names = [kind for kind in kinds if kind is not None]
    key = f"agora-map-kind:{asked}"
    chosen: Kind = st.segmented_control(
        "Map",
        names,
        default=next((kind for kind in names if kind == asked), names[0]),
        format_func=KIND_NAMES.__getitem__,
        key=key,
        on_change=lambda: address.choose_map_kind(st.session_state[key]),
        label_visibility="collapsed",
        required=True,
    )
    return chosen


def _draw(run: StoredRun, dev: DevItems, chunks: Sequence[Chunk], kind: Kind | None) -> None:
    job_id, key = run.job.id, f"agora-map:{run.job.id}"

    def picked() -> None:
        selection.pick(job_id, st.session_state[key].pick or None)

    def chosen() -> None:
        selection.choose(job_id, st.session_state[key].chosen or [])

    def moved() -> None:
        address.choose_round(int(st.session_state[key].round))

    ways = colourings(frame.theme(), dev.class_names, samplers_of(run.points), len(run.rounds))
    alt = (
        f"Map of {len(dev.values):,} dev items and {len(run.points):,} sampled points, round by "
        "round. Arrow keys step, space plays, the table lists every point."
    )
    _map_component()(
        key=key,
        data={
            **map_view(chunks, run.summaries, ways, theme=frame.theme(), alt=alt),
            "name": key,
            "map": kind or "space",
            "pick": address.point(),
            "round": address.round_number(),
            "chosen": selection.chosen(job_id) or None,
            "marked": selection.marked(job_id),
            "height": HEIGHT,
        },
        on_pick_change=picked,
        on_chosen_change=chosen,
        on_round_change=moved,
    )


def _state(run: StoredRun, number: int) -> tuple[str, int, int, int, int, bool]:
    """What a round's chunk depends on: the next round says what its student learnt."""
    gone = any(r.replayed == number for r in run.rounds)
    job = run.job
    known = min(len(run.rounds), number + 2)
    return readings.store().url, job.id, job.attempt, number, known, gone


@st.cache_resource(show_spinner=False, max_entries=24)
def _dev_chunk(url: str, job_id: int, kind: Kind | None) -> Chunk:  # noqa: ARG001
    run = agora_readings.run(readings.job(job_id))
    dev = agora_readings.dev(run.job)
    assert dev is not None
    return dev_chunk(dev_places(run, dev, kind), dev.values, dev.labels)


@st.cache_resource(show_spinner=False, max_entries=256)
def _round_chunk(
    url: str,  # noqa: ARG001 -- part of the cache's key, as are all but the job and the number
    job_id: int,
    attempt: int,  # noqa: ARG001
    number: int,
    known: int,  # noqa: ARG001
    gone: bool,  # noqa: ARG001
    kind: Kind | None,
) -> Chunk:
    run = agora_readings.run(readings.job(job_id))
    points = [row for row in run.points if row.round == number]
    places, off = round_places(run, number, kind)
    return round_chunk(points, run.rounds[number], places, off, samplers_of(run.points))


@cache
def _map_component() -> Any:
    own = files("bort.ui.agora").joinpath("map.js").read_text("utf-8")
    return st.components.v2.component(
        "bort_map",
        html='<div class="bort-map-holder"></div>',
        css=map_style(),
        js=f"{map_script()}\n{own}",
        isolate_styles=False,
    )


@cache
def _chunk_component() -> Any:
    script = """export default ({ data }) => {
      const kept = (window.bortMapChunks ??= new Map());
      if (!kept.has(data.id)) kept.set(data.id, data);
      window.dispatchEvent(new CustomEvent("bort-map-chunk"));
    };"""
    return st.components.v2.component("bort_map_chunk", js=script, isolate_styles=False)
