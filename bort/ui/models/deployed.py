"""The model's files, timed from text to label."""

import pandas as pd
import streamlit as st

from bort.finetuning.realised import TrainedModel
from bort.report.deployed import HEADINGS, NOT_TIMED, fastest_sentence, file_rows, rule_sentence
from bort.studies.commands import export_command
from bort.ui.kit import later, markup


def show(model: TrainedModel) -> None:
    """Show the files and the fastest one, or the command that times them."""
    deployed, record = model.realised.deployed, model.record
    if deployed is None:
        if not record.is_example:  # which has no weights
            st.subheader("Files, from text to label", anchor=False)
            markup.note(NOT_TIMED)
            command = export_command(record.name, "fastest", f"{record.name}-fastest")
            later.code(command, language="bash", wrap_lines=True)
        return
    st.subheader("Files, from text to label", anchor=False)
    later.table(
        pd.DataFrame(file_rows(deployed), columns=list(HEADINGS)),
        hide_index=True,
        alt="The model's files: milliseconds per text, size and accuracy; the fastest first",
    )
    markup.note(fastest_sentence(deployed))
    markup.note(rule_sentence(deployed))
