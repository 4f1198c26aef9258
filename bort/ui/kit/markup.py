"""Small pieces of HTML. Every value is escaped, so data is always shown as text."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

if TYPE_CHECKING:
    import pandas as pd

_TARGET = "choice"


def plain(text: str) -> str:
    """Make data safe where Streamlit reads Markdown: labels of buttons and fields.

    Examples:
        >>> print(plain("![x](http://outside.example) $a$"))
        \\!\\[x\\]\\(http\\://outside\\.example\\) \\$a\\$
    """
    return re.sub(r"([\\`*_{}\[\]()#+.!$:<>~|&]|^-)", r"\\\1", " ".join(text.split()))


def lead(text: str) -> None:
    """The sentence below a page's title."""
    st.html(f'<p class="bort-lead">{escape(text)}</p>')


def label(text: str, remark: str = "") -> None:
    """A small heading over a group."""
    st.html(f'<p class="bort-label">{escape(text)}</p>{_remark(remark)}')


def box(title: str) -> DeltaGenerator:
    """A bordered container with a heading."""
    container = st.container(border=True)
    with container:
        label(title)
    return container


def name(text: str, remark: str = "") -> None:
    """A large identifier, with a remark below."""
    st.html(f'<p class="bort-name">{escape(text)}</p>{_remark(remark)}')


def _remark(text: str) -> str:
    return f'<p class="bort-note">{escape(text)}</p>' if text else ""


def note(text: str) -> None:
    """A remark in small print."""
    st.html(_remark(text))


def strip(text: str, more: str) -> None:
    """A line that stays in view on a phone, where what it speaks of is far below; see `target`."""
    link = f'<a href="#{_TARGET}">{escape(more)} ↓</a>'
    st.html(f'<p class="bort-strip">{escape(text)}<br>{link}</p>')


def target() -> None:
    """The place to which the link of `strip` leads."""
    st.html(f'<span id="{_TARGET}" class="bort-target"></span>')


def problem(text: str) -> None:
    """An error: what is wrong and what to do, worded as on the command line."""
    st.html(f'<p class="bort-problem" role="alert">{escape(text)}</p>')


def notice(text: str) -> None:
    """A notice that the user should read first."""
    st.html(f'<p class="bort-notice" role="status">{escape(text)}</p>')


def changed(pieces: Iterable[tuple[str, bool]]) -> None:
    """A text whose changed parts are marked."""
    inner = " ".join(
        f"<mark>{escape(text)}</mark>" if is_new else escape(text) for text, is_new in pieces
    )
    st.html(f'<p class="bort-changed">{inner}</p>')


def tags(texts: Iterable[str]) -> None:
    """Short properties in a row."""
    inner = "".join(f"<span>{escape(text)}</span>" for text in texts)
    if inner:
        st.html(f'<div class="bort-tags">{inner}</div>')


def facts(rows: Sequence[tuple[str, str, str]]) -> None:
    """Pairs of a name and a value, each with a remark that may be empty."""
    inner = "".join(
        f"<span>{escape(term)}</span><div>{escape(value)}"
        + (f"<small>{escape(remark)}</small>" if remark else "")
        + "</div>"
        for term, value, remark in rows
    )
    st.html(f'<div class="bort-facts">{inner}</div>')


def steps(rows: Sequence[tuple[str, str]]) -> None:
    """The stages of something long, in a row: a sign that says how far, and words."""
    inner = "".join(f"<span><b>{escape(sign)}</b>{escape(text)}</span>" for sign, text in rows)
    if inner:
        st.html(f'<div class="bort-legend">{inner}</div>')


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of wrapped text; use `st.dataframe` for numbers."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    st.html(
        f'<table class="bort-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def cells(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Keep the CSV of a table of data from being calculated by a spreadsheet program.

    An apostrophe comes before each text, and each column's name, that would be read as a formula.

    Examples:
        >>> import pandas as pd
        >>> cells(pd.DataFrame({"@who": ["=1+1", "-1", "fine"]}))["'@who"].tolist()
        ["'=1+1", '-1', 'fine']
    """
    texts = frame.select_dtypes(["object", "string"]).map(_inert)
    return frame.assign(**{str(name): texts[name] for name in texts}).rename(columns=_inert)


def _inert(value: Any) -> Any:
    if not isinstance(value, str) or len(value) < 2 or value[0] not in "=+-@\t\r":
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value  # a number, such as the label -1
