"""Try a model against its teacher on one's own sentence."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from bort.core.errors import BortError
from bort.export.trying import Reply, Trial, try_text
from bort.storage import ModelRecord
from bort.ui.kit import markup, readings

if TYPE_CHECKING:
    from bort.export.predicting import Predictor

_LAST = "last-trial"
MOST_CHARACTERS = 2_000
EXAMPLE = "A slow start, but the last half hour is worth every minute."


def show(model: ModelRecord) -> None:
    """The box, and the last answer to it."""
    markup.label("Try it")
    with st.form("try", border=False):
        text = st.text_area(
            "Your own sentence",
            placeholder=EXAMPLE,
            max_chars=MOST_CHARACTERS,
            key="try-text",
            height=90,
        )
        is_asked = st.form_submit_button("Answer", icon=":material/bolt:", key="try-answer")
    if is_asked:
        st.session_state.pop(_LAST, None)
        try:
            with st.spinner("Answering; the first time it loads the models"):
                trial = try_text(model, text or "", open_folder=_open)
        except BortError as error:
            markup.problem(str(error))
            return
        st.session_state[_LAST] = (model.name, trial)
    name, trial = st.session_state.get(_LAST, (None, None))
    if name == model.name and trial is not None:
        _answer(trial)


def _open(folder: Path) -> "Predictor":
    changed = max((file.stat().st_mtime for file in folder.iterdir()), default=0.0)
    return readings.predictor(folder, changed)


def _share(model: Reply, teacher: Reply) -> str:
    ratio = teacher.latency_ms / model.latency_ms
    return (
        f"1/{ratio:.1f} of its teacher's" if ratio >= 1 else f"{1 / ratio:.1f} times its teacher's"
    )


def _answer(trial: Trial) -> None:
    markup.note(f"“{trial.text}”")
    teacher = trial.teacher
    headings = ["", "this model", *(["teacher"] if teacher else [])]
    rows = [
        [label, f"{share:.1%}", *([f"{teacher.scores[label]:.1%}"] if teacher else [])]
        for label, share in trial.model.scores.items()
    ]
    times = [reply.latency_ms for reply in (trial.model, teacher) if reply is not None]
    markup.table(headings, [*rows, ["latency", *(f"{time:.2f} ms" for time in times)]])
    if teacher is None:
        markup.notice("Its teacher is not on this machine, so that only the model answers.")
    else:
        verdict = "They agree" if teacher.label == trial.model.label else "They differ"
        markup.note(f"{verdict}; the model took {_share(trial.model, teacher)} time here.")
    threads = (
        "all cores"
        if trial.threads is None
        else f"{trial.threads} thread{'s' * (trial.threads > 1)}"
    )
    markup.note(
        f"Median of five runs on {threads}, PyTorch, tokenizer included, beside whatever else "
        "runs now; the table's latencies were measured under control."
    )
