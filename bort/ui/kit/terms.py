"""The "?" beside a term: what it means, and a link to its picture in the glossary."""

from html import escape

import streamlit as st

from bort.report.terms import TERMS

_ADDRESS = "lesson?lesson=glossary&term="


def explained(text: str, *terms: str) -> str:
    """Add links to the glossary to the help of a widget. They open a tab of their own.

    Args:
        text: the help, in Markdown; may be empty.
        terms: names in `TERMS`.
    """
    links = " · ".join(f"[{TERMS[term].name}]({_ADDRESS}{term})" for term in terms)
    return f"{text}\n\nIn pictures: {links}".strip()


def row(*terms: str) -> None:
    """A line of small "?" links. Each shows its sentence and opens the glossary in a new tab."""
    links = "".join(
        f'<a href="{_ADDRESS}{term}" target="_blank" rel="noopener" '
        f'title="{escape(TERMS[term].says)}">{escape(TERMS[term].name)} <b>?</b></a>'
        for term in terms
    )
    st.html(f'<p class="bort-terms">{links}</p>')
