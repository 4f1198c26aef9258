"""One HTML file with charts and tables: everything is in it, and it is forbidden to fetch."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.metadata import version
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

_LIBRARIES = ("bort", "numpy", "plotly")
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2733; background: #fff; margin: 2rem auto;
  max-width: 76rem; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 0.6rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr));
  gap: 1rem; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.25rem 1.2rem 0.25rem 0; border-bottom: 1px solid #e6e9ee;
  vertical-align: top; overflow-wrap: break-word; max-width: 30rem; }
.number { text-align: right; }
pre { background: #f4f6f8; padding: 0.7rem 1rem; white-space: pre-wrap; border-radius: 6px; }
.wide { overflow-x: auto; max-height: 40rem; } .csv { font: inherit; padding: 0.2rem 0.8rem; }
"""
_SCRIPT = """
const charts = JSON.parse(document.getElementById("figures").textContent);
const png = { name: "Save as PNG", icon: Plotly.Icons.disk,
  click: (chart) => Plotly.downloadImage(chart, { format: "png", scale: 2, filename: "chart" }) };
const config = { displaylogo: false, responsive: true, modeBarButtonsToAdd: [png] };
charts.forEach((figure, i) => {
  const holder = document.getElementById("chart-" + i);
  holder.style.minHeight = figure.layout.height + "px";
  Plotly.newPlot(holder, figure.data, figure.layout,
    { ...config, toImageButtonOptions: { format: "svg", filename: "chart-" + (i + 1) } });
});
const quoted = (text) => '"' + (/^[=+\\-@\\t]/.test(text) && isNaN(text) ? "'" : "")
  + text.replaceAll('"', '""') + '"';
for (const button of document.querySelectorAll(".csv")) button.addEventListener("click", () => {
  const rows = [...document.getElementById(button.dataset.table).rows].map((row) =>
    [...row.cells].map((cell) => quoted(cell.dataset.exact ?? cell.textContent)).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows.join("\\r\\n")], { type: "text/csv" }));
  link.download = button.dataset.table + ".csv";
  link.click();
});
"""


def document(
    title: str,
    parts: Iterable[str],
    figures: Sequence[go.Figure],
    *,
    values: Mapping[str, Any] | None = None,
    style: str = "",
    script: str = "",
) -> str:
    """Write the file.

    Args:
        parts: HTML, made by the functions below.
        figures: drawn where `charts` reserved their places.
        values: read by `script`, as the JSON of elements with these ids.
        script: runs after the charts.
    Returns:
        HTML of about 5 MB, nearly all of it the drawing library.
    """
    data = {"figures": [json.loads(figure.to_json()) for figure in figures], **(values or {})}
    inert = "".join(
        f'<script type="application/json" id="{escape(name)}">{_inert(value)}</script>'
        for name, value in data.items()
    )
    body = f"<h1>{escape(title)}</h1>{''.join(parts)}{lines([_versions()])}"
    scripts = "".join(f"<script>{text}</script>" for text in (get_plotlyjs(), _SCRIPT, script))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head>"
        f"<body>{body}{inert}{scripts}</body></html>"
    )


def charts(first: int, count: int) -> str:
    """Reserve the places of some figures, counted from `first`."""
    inner = "".join(f'<div id="chart-{i}"></div>' for i in range(first, first + count))
    return f'<div class="charts">{inner}</div>'


def heading(text: str) -> str:
    """A heading over a part."""
    return f"<h2>{escape(text)}</h2>"


def lines(texts: Iterable[str]) -> str:
    """Sentences, one below the other; empty ones are left out."""
    return "".join(f"<p>{escape(text)}</p>" for text in texts if text)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, key: str = "") -> str:
    """A table; one with a key can be saved as CSV, in which floats have all digits."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    save = f'<p><button class="csv" data-table="{key}">Save as CSV</button></p>' if key else ""
    return f'{save}<div class="wide"><table id="{key}"><tr>{head}</tr>{body}</table></div>'


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td class="number" data-exact="{value!r}">{value:.4g}</td>'
    return f"<td>{escape(str(value))}</td>"


def commands(texts: Iterable[str]) -> str:
    """Commands to copy."""
    return "".join(f"<pre>{escape(text)}</pre>" for text in texts)


def _versions() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return f"Written with {libraries} and Python {platform.python_version()}."


def _inert(value: Any) -> str:
    """Keep JSON inside its element: `</script` or `<!--` in data would not be data any more."""
    return json.dumps(value).replace("<", "\\u003c")
