"""An Agora run as one HTML file: its map to play, rounds, points, commands."""

from collections.abc import Sequence

from bort.agora.loop import Provenance
from bort.core.agora import TorusSpec
from bort.figures.agora import plot_rounds
from bort.figures.agora_map import (
    Chunk,
    colourings,
    dev_chunk,
    map_script,
    map_style,
    map_view,
    point_name,
    round_chunk,
    samplers_of,
)
from bort.figures.document import charts, commands, document, heading, lines, table
from bort.report.agora import change_words, class_words, result_sentence, value_words, verdict_words
from bort.report.agora import warnings as run_warnings
from bort.report.agora_map import headline, map_sentence
from bort.studies.agora import DevItems, StoredRun
from bort.studies.agora_map import dev_places, kept_by, map_kinds, round_places

MOST_POINTS = 30_000  # on the map and in the table, so that the file stays below 8 MB
_MAP = '<div id="map"></div>'
_DRAW = """
for (const chunk of JSON.parse(document.getElementById("chunks").textContent)) bortMap.keep(chunk);
const view = bortMap.create(document.getElementById("map"));
bortMap.update(view, JSON.parse(document.getElementById("view").textContent));
window.addEventListener("bort-round", ({ detail: { round } }) =>
  Plotly.relayout("chart-0", { "shapes[0].x0": round, "shapes[0].x1": round }));
document.getElementById("chart-0").on("plotly_click", ({ points: [{ x: round }] }) =>
  window.dispatchEvent(new CustomEvent("bort-round-asked", { detail: { name: "map", round } })));
"""


def agora_report(
    run: StoredRun,
    dev: DevItems | None,
    *,
    with_texts: bool = False,
) -> str:
    """Write the report.

    Args:
        dev: None if the run's task can no longer be read.
        with_texts: whether the texts of dev and of the points are in the file. Points of the torus
            always are.
    """
    rows, has_values = run.summaries, with_texts or run.is_torus
    points = run.points[:MOST_POINTS]
    title = f"Agora run {run.job.study or run.job.id}"
    parts = [lines([headline(rows), result_sentence(rows[-1].final), *run_warnings(run.result)])]
    values: dict[str, object] = {}
    if len(run.points) > MOST_POINTS:
        parts.append(lines([f"The map is left out: it has {len(run.points):,} points."]))
    elif dev is not None and map_kinds(run):
        values = _map(run, dev, has_values=has_values)
        parts += [_MAP, lines([_said(run)])]
    if not has_values:
        parts.append(lines(["The texts are left out of this file."]))
    parts += [
        charts(0, 1),
        heading("Rounds"),
        _rounds(run),
        heading("Points"),
        _points(points, run, dev if has_values else None, has_values=has_values),
        heading("The same again"),
        commands(
            [f"bort agora show {run.job.id} --points", f"bort report agora {run.job.id} run.html"]
        ),
    ]
    return document(
        title,
        parts,
        [plot_rounds(rows, cursor=len(rows) - 1)],
        values=values,
        style=map_style(),
        script=f"{map_script()}\n{_DRAW}" if values else "",
    )


def _map(run: StoredRun, dev: DevItems, *, has_values: bool) -> dict[str, object]:
    kind, samplers = map_kinds(run)[0], samplers_of(run.points)
    chunks: list[Chunk] = [dev_chunk(dev_places(run, dev, kind), dev.values, dev.labels)]
    for r in run.rounds:
        points = [row for row in run.points if row.round == r.number]
        chunks.append(round_chunk(points, r, *round_places(run, r.number, kind), samplers))
    ways = colourings("light", dev.class_names, samplers, len(run.rounds))
    alt = f"Map of {len(dev.values):,} dev items and {len(run.points):,} points"
    view = map_view(chunks, run.summaries, ways, theme="light", alt=alt)
    reader: dict[str, object] = {
        "name": "map",
        "map": "map",
        "pick": None,
        "marked": [],
        "chosen": None,
    }
    return {
        "view": {**view, **reader, "round": None, "height": "70vh"},
        "chunks": [chunk if has_values else {**chunk, "texts": None} for chunk in chunks],
    }


def _said(run: StoredRun) -> str:
    kind, spec = map_kinds(run)[0], run.spec
    representation = None if isinstance(spec, TorusSpec) else spec.representation
    return map_sentence(kind, representation, kept_by(run, kind))


def _rounds(run: StoredRun) -> str:
    headings = (
        *("round", "training set", "wrong", "proposed", "accepted", "refused"),
        *("dev error", "audit error", "Betti", "coverage"),
    )
    rows = [
        (
            row.round,
            row.train_size,
            row.errors_found,
            row.proposed,
            row.accepted,
            ", ".join(f"{n:,} {verdict_words(reason)}" for reason, n in row.refused.items()),
            f"{row.dev_error:.2%}",
            f"{row.audit_error:.2%} ({row.audit_low:.1%} to {row.audit_high:.1%})",
            " ".join(map(str, row.betti)),
            "" if row.coverage is None else f"{row.coverage:.1%}",
        )
        for row in run.summaries
    ]
    return table(headings, rows, key="rounds")


def _points(
    points: Sequence[Provenance], run: StoredRun, dev: DevItems | None, *, has_values: bool
) -> str:
    classes = run.class_names
    headings = ["point", "verdict", "label", "confidence", "student", "sampler", "parent"]
    texts = ["generated", "parent's text"] if has_values else []
    rows = []
    for row in points:
        point = row.point
        cells: list[object] = [
            point_name(row),
            verdict_words(point.verdict, is_withdrawn=row.is_withdrawn),
            class_words(point.label, classes),
            "" if point.confidence is None else f"{point.confidence:.3f}",
            change_words(row, classes),
            point.sampler,
            point.parent,
        ]
        if has_values:
            parent = None if dev is None else dev.values[point.parent]
            cells += [value_words(point.value), value_words(parent)]
        rows.append(cells)
    return table([*headings, *texts], rows, key="points")
