"""A front as one HTML file: charts, the choice and its reasons, claim, table, commands.

The file has the drawing library in it, opens from disk, and is forbidden to fetch anything.
"""

import json
import platform
from collections.abc import Iterable, Sequence
from html import escape
from importlib.metadata import version
from itertools import combinations

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from bort.figures.front import front_info, plot_front_3d, plot_pair
from bort.figures.objectives import objectives_of
from bort.report.choosing import exchange_sentences, reasons_sentence, shape_of
from bort.report.ledger import words
from bort.report.search import latency_note, origin_sentence, summary, table_note
from bort.studies.answers import StudyAnswer, TableAnswer
from bort.studies.choosing import Choice

Answer = StudyAnswer | TableAnswer

_LIBRARIES = ("bort", "numpy", "plotly")
_HEIGHT = 360
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2733; background: #fff; margin: 2rem auto;
  max-width: 76rem; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 0.6rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 1rem; }
.charts div { min-height: 360px; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.25rem 1.2rem 0.25rem 0; border-bottom: 1px solid #e6e9ee; }
pre { background: #f4f6f8; padding: 0.7rem 1rem; white-space: pre-wrap; border-radius: 6px; }
.wide { overflow-x: auto; } button { font: inherit; padding: 0.2rem 0.8rem; }
"""
_SCRIPT = """
const charts = JSON.parse(document.getElementById("figures").textContent);
const png = { name: "Save as PNG", icon: Plotly.Icons.disk,
  click: (chart) => Plotly.downloadImage(chart, { format: "png", scale: 2, filename: "front" }) };
const config = { displaylogo: false, responsive: true, modeBarButtonsToAdd: [png] };
charts.forEach((figure, i) =>
  Plotly.newPlot("chart-" + i, figure.data, figure.layout,
    { ...config, toImageButtonOptions: { format: "svg", filename: "front-" + (i + 1) } }));
const quoted = (text) => '"' + (/^[=+\\-@\\t]/.test(text) && isNaN(text) ? "'" : "")
  + text.replaceAll('"', '""') + '"';
document.getElementById("csv").addEventListener("click", () => {
  const rows = [...document.querySelectorAll("#points tr")].map((row) =>
    [...row.cells].map((cell) => quoted(cell.textContent)).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows.join("\\r\\n")], { type: "text/csv" }));
  link.download = "points.csv";
  link.click();
});
"""


def front_report(
    answer: Answer, choice: Choice, *, title: str, pick: str | None, commands: Sequence[str]
) -> str:
    """Write the report.

    Args:
        title: the study's name, or the table's.
        pick: the reader's choice; None is the one with the largest W.
        commands: what shows the same again.
    Returns:
        HTML of about 5 MB, nearly all of it the drawing library.
    """
    figures = _figures(answer, choice, pick)
    drawn = "".join(f'<div id="chart-{i}"></div>' for i in range(len(figures)))
    data = json.dumps([json.loads(figure.to_json()) for figure in figures])
    parts = [
        f"<h1>{escape(title)}</h1>",
        _lines(_claim(answer)),
        f'<div class="charts">{drawn}</div>',
        "<h2>The choice</h2>",
        _lines(_choice(answer, choice, pick)),
        "<h2>What the claim rests on</h2>",
        _table(
            ("assumption", "status", "evidence"),
            [(words(f).assumption, str(f.status), words(f).evidence) for f in answer.ledger],
        ),
        '<h2>All points</h2><p><button id="csv">Save as CSV</button></p>',
        _points(answer, choice),
        "<h2>The same again</h2>",
        *(f"<pre>{escape(command)}</pre>" for command in commands),
        _lines([_versions()]),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}"
        f'<script type="application/json" id="figures">{_inert(data)}</script>'
        f"<script>{get_plotlyjs()}</script><script>{_SCRIPT}</script></body></html>"
    )


def _figures(answer: Answer, choice: Choice, pick: str | None) -> list[go.Figure]:
    objectives = objectives_of(choice.unit)
    info = front_info(
        answer.points,
        objectives=objectives,
        best_id=answer.best.name if answer.best else None,
        pick_id=pick,
        faded=choice.outside,
        noise=choice.within_noise,
    )
    log, limits = objectives[:2], zip(objectives, choice.limits, strict=True)
    at_most = {objective: limit for objective, limit in limits if limit is not None}
    pairs = [
        plot_pair(info, x, y, log=log, limits=at_most, height=_HEIGHT).update_layout(
            showlegend=True, legend={"orientation": "h", "y": 1.12}
        )
        for x, y in combinations(objectives, 2)
    ]
    return [*pairs, plot_front_3d(info, log=log, height=_HEIGHT)]


def _claim(answer: Answer) -> list[str]:
    if isinstance(answer, TableAnswer):
        return [summary(answer), *map(table_note, answer.notes)]
    trained = origin_sentence(answer.origin, answer.unrecorded)
    return [summary(answer), latency_note(answer.latency), trained]


def _choice(answer: Answer, choice: Choice, pick: str | None) -> list[str]:
    names = {point.name: point for point in answer.points}
    said = [
        f"{name}: {reasons_sentence(choice, name, reasons)}" for name, reasons in choice.suggested()
    ]
    best = answer.best.name if answer.best else None
    shown = pick if pick in names else best
    if shown is None:
        return said
    what = "Picked" if shown == pick else "Largest W"
    exchanges = exchange_sentences(choice.exchanges(shown))
    return [
        f"{what}: {shown} ({shape_of(names[shown])}).",
        *(f"{sentence} That leads to {other}." for other, sentence in exchanges),
        *(f"Suggested: {line}" for line in said),
    ]


def _points(answer: Answer, choice: Choice) -> str:
    titles = [objective.title for objective in objectives_of(choice.unit)]
    options = choice.options
    rows = []
    for point in answer.points:
        row = choice.rows[point.name]
        low, high = options.low[row, -1], options.high[row, -1]
        marks = ("front" if point.is_on_front else "", "cover" if point.is_in_cover else "")
        numbers = (f"{value:.6g}" for value in (*options.values[row], low, high, point.w))
        rows.append((point.name, shape_of(point), *numbers, *marks))
    headings = ("name", "dimensions", *titles, "error from", "error to", "W", "front", "cover")
    return _table(headings, rows, key="points")


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, key: str = "") -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table id="{key}"><tr>{head}</tr>{body}</table></div>'


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts if text)


def _versions() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return f"Written with {libraries} and Python {platform.python_version()}."


def _inert(data: str) -> str:
    """Keep JSON inside its element: `</script` or `<!--` in data would not be data any more."""
    return data.replace("<", "\\u003c")
