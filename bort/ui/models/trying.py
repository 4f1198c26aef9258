"""Try a model and its teacher on a sentence of your own."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from bort.core.errors import BortError
from bort.export.predicting import Trial, try_text
from bort.finetuning.realised import DataFacts, evidence_of, realised_of
from bort.latency.workload import Text, parts_of
from bort.report.models import example_texts, verdict
from bort.report.numbers import milliseconds
from bort.report.trying import best_scores, trial_sentence
from bort.storage import ModelRecord
from bort.ui.kit import markup, readings, saving

if TYPE_CHECKING:
    from bort.export.predicting import Predictor

_LAST = "last-trial"
MOST_CHARACTERS = 2_000
LABEL_CHARACTERS = 48


def show(model: ModelRecord) -> None:
    """Show the box for a sentence and the last answer."""
    markup.label("Try it")
    with st.form("try", border=False):
        texts = [
            st.text_area(
                markup.plain(label),
                placeholder=example,
                max_chars=MOST_CHARACTERS,
                key=key,
                height=90,
            )
            or ""
            for key, label, example in _boxes(evidence_of(model).data)
        ]
        is_asked = st.form_submit_button("Answer", icon=":material/bolt:", key="try-answer")
    if is_asked:
        st.session_state.pop(_LAST, None)
        try:
            with st.spinner(
                "Classifying. The first time takes longer, because the models are loaded."
            ):
                trial = try_text(model, _text(texts), open_folder=_open)
        except BortError as error:
            markup.problem(str(error))
            return
        st.session_state[_LAST] = (model.name, trial)
    name, trial = st.session_state.get(_LAST, (None, None))
    if name == model.name and trial is not None:
        _answer(model, trial)


def _boxes(data: DataFacts) -> list[tuple[str, str, str]]:
    """List key, label and example of each box: one, or two for pairs."""
    labels = ("Your own sentence",) if len(data.text) == 1 else data.text
    return list(zip(("try-text", "try-text-2"), labels, example_texts(data), strict=False))


def _text(texts: list[str]) -> Text:
    return texts[0] if len(texts) == 1 else (texts[0], texts[1])


def _open(folder: Path) -> "Predictor":
    changed = max((file.stat().st_mtime for file in folder.iterdir()), default=0.0)
    return readings.predictor(folder, changed)


def _answer(model: ModelRecord, trial: Trial) -> None:
    markup.note(" / ".join(f"“{part}”" for part in parts_of(trial.text)))
    teacher = trial.teacher
    headings = ["", "this model", *(["teacher"] if teacher else [])]
    scores = [reply.scores for reply in (trial.model, teacher) if reply is not None]
    shown = best_scores(*scores)
    rows = [[_cell(label), *(f"{one[label]:.1%}" for one in scores)] for label in shown]
    if others := len(scores[0]) - len(shown):
        rest = (1 - sum(one[label] for label in shown) for one in scores)
        name = "1 other class" if others == 1 else f"{others} other classes"
        rows.append([name, *(f"{max(0.0, share):.1%}" for share in rest)])
    times = [reply.latency_ms for reply in (trial.model, teacher) if reply is not None]
    rows.append(["latency", *(f"{milliseconds(time)} ms" for time in times)])
    markup.table(headings, rows)
    saving.as_csv("trial", headings, rows)
    if teacher is None:
        markup.notice(
            "The teacher is a file, which answers no new texts."
            if trial.teacher_is_file
            else "The teacher is not on this machine, so only the model answers."
        )
    else:
        is_same = teacher.label == trial.model.label
        ratio = teacher.latency_ms / trial.model.latency_ms
        markup.note(verdict(is_same=is_same, times_as_fast=ratio))
    evidence, latencies = evidence_of(model), realised_of(model).latency
    is_text = bool(evidence.workload.by_vocabulary)
    in_table = next(iter(latencies.values()), None)
    markup.note(trial_sentence(trial.threads, in_table, is_text_to_label=is_text))


def _cell(label: str) -> str:
    """Cut the name of a class where it would push the numbers out of the box."""
    return label if len(label) <= LABEL_CHARACTERS else f"{label[: LABEL_CHARACTERS - 1]}…"
