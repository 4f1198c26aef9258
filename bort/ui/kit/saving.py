"""Tables of text as CSV files; those of numbers have a button of Streamlit's own."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from bort.ui.kit import markup

Rows = Sequence[Sequence[str]]


def as_csv(name: str, headings: Sequence[str], rows: Rows | Callable[[], Rows]) -> None:
    """Show a button that saves a table as NAME.csv.

    Args:
        rows: the cells, or a function that returns them when the button is pressed.
    """

    def content() -> str:
        cells = rows() if callable(rows) else rows
        table = pd.DataFrame(list(cells), columns=list(headings))
        return str(markup.cells(table).to_csv(index=False))

    st.download_button(
        "Save as CSV",
        data=content,
        file_name=f"{name}.csv",
        mime="text/csv",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
        key=f"{name}-csv",
    )
