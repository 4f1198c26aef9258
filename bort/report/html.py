"""Cards and tables in HTML, for notebooks in light and in dark. Everything is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_BOX = (
    "border:1px solid rgba(127,137,149,.45);border-radius:6px;padding:.7em 1em;"
    "max-width:56em;font-family:system-ui,sans-serif;font-size:.93em;line-height:1.45"
)
_TABLE = "border-collapse:collapse;margin:.5em 0 0;font-variant-numeric:tabular-nums"
_CELL = "padding:.15em 1.1em .15em 0;border:0;background:none"
_MOST_ROWS = 30


def card(
    title: str,
    sentences: Iterable[str] = (),
    *,
    facts: Mapping[str, Any] | None = None,
    rows: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Write a card: a title, sentences, named facts, and a table.

    Args:
        rows: of the table, all with the same keys; at most 30 are shown.

    Examples:
        >>> "&lt;b&gt;" in card("<b>", ["One."]), "<td" in card("A", rows=[{"b": 1}])
        (True, True)
    """
    parts = [f"<div style='font-weight:600;font-size:1.05em'>{escape(title)}</div>"]
    parts += [f"<div>{escape(sentence)}</div>" for sentence in sentences if sentence]
    if facts:
        lines = [_row([name, value], tag="td") for name, value in facts.items()]
        parts.append(f"<table style='{_TABLE}'>{''.join(lines)}</table>")
    if rows:
        head = _row(list(rows[0]), tag="th")
        lines = [_row(list(row.values()), tag="td") for row in rows[:_MOST_ROWS]]
        parts.append(f"<table style='{_TABLE}'>{head}{''.join(lines)}</table>")
        if len(rows) > _MOST_ROWS:
            parts.append(f"<div>{len(rows) - _MOST_ROWS:,} more rows are not shown.</div>")
    return f"<div style='{_BOX}'>{''.join(parts)}</div>"


def bar(title: str, share: float | None, news: str) -> str:
    """Write a progress bar.

    Args:
        share: from 0 to 1; None if unknown.
    """
    width = 0.0 if share is None else 100 * share
    track = "height:.45em;border-radius:3px;background:rgba(127,137,149,.25);margin:.4em 0"
    filled = f"height:100%;border-radius:3px;background:#0072b2;width:{width:.1f}%"
    return (
        f"<div style='{_BOX}'><b>{escape(title)}</b>"
        f"<div style='{track}'><div style='{filled}'></div></div>{escape(news)}</div>"
    )


def _row(values: Sequence[Any], *, tag: str) -> str:
    cells = [f"<{tag} style='{_CELL};text-align:{_side(v)}'>{_text(v)}</{tag}>" for v in values]
    return f"<tr>{''.join(cells)}</tr>"


def _side(value: Any) -> str:
    return "right" if isinstance(value, int | float) and not isinstance(value, bool) else "left"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int):
        return f"{value:,}"
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))
