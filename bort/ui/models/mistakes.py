"""What a model gets wrong: confusion and calibration on audit, single mistakes on dev."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.core.errors import BortError
from bort.figures.mistakes import MOST_CLASSES, plot_calibration, plot_confusion
from bort.finetuning.calibration import Calibration
from bort.finetuning.mistaken_texts import MistakenText, matching, mistaken_texts
from bort.finetuning.mistakes import Confusion, Mistakes
from bort.finetuning.realised import TrainedModel
from bort.report import mistakes as words
from bort.ui.kit import chart, frame, later, markup

_HEIGHT = 300
_ALL = "all classes"


def show(model: TrainedModel) -> None:
    """Show confusion beside calibration, and the mistakes with their texts below."""
    confusion, calibration = model.realised.confusion, model.realised.calibration
    mistakes = model.evidence.mistakes
    st.subheader("Mistakes", anchor=False)
    if confusion is None or calibration is None or mistakes is None:
        markup.note(words.NOT_KEPT)
        return
    is_matrix = len(model.evidence.data.class_names) <= MOST_CLASSES
    places = st.columns(2, gap="small") if is_matrix else (st.container(), st.container())
    with places[0]:
        _confusion(model, confusion)
    with places[1]:
        _calibration(model, calibration)
    _texts(model, mistakes)


def _confusion(model: TrainedModel, confusion: Confusion) -> None:
    names = model.evidence.data.class_names
    if len(names) <= MOST_CLASSES:
        chart.show(
            chart.Sketch.of(plot_confusion, confusion, names, theme=frame.theme(), height=_HEIGHT),
            key=f"confusion:{model.record.id}",
            alt="Confusion matrix on audit: rows are true classes, columns answers",
        )
    else:
        later.table(
            pairs_table(confusion, names),
            hide_index=True,
            height=_HEIGHT,
            column_config={"of the class (%)": st.column_config.NumberColumn(format="%.1f")},
            placeholder="",
            alt="Pairs of classes that are confused on audit, the most frequent first",
        )
    markup.note(words.confusion_sentence(confusion, names))


def pairs_table(confusion: Confusion, names: Sequence[str]) -> pd.DataFrame:
    """Make the table of the confused pairs, the most frequent first."""
    columns = ["texts", "of the class (%)", "class", "answer"]
    rows = [
        (row.texts, 100 * row.share, row.true, row.answer)
        for row in words.pair_rows(confusion, names)
    ]
    return pd.DataFrame(rows, columns=columns)


def _calibration(model: TrainedModel, calibration: Calibration) -> None:
    chart.show(
        chart.Sketch.of(plot_calibration, calibration, theme=frame.theme(), height=_HEIGHT),
        key=f"calibration:{model.record.id}",
        alt="Reliability diagram on audit: share of right answers against the model's score",
    )
    markup.note(words.calibration_sentence(calibration))


def _texts(model: TrainedModel, mistakes: Mistakes) -> None:
    markup.label("Wrong answers on dev", words.mistakes_sentence(mistakes, model.evidence.data))
    try:
        texts = _read(model.record.id, model.record.created_at, model)
    except BortError as error:
        reason = str(error)
        markup.notice(f"{reason[0].upper()}{reason[1:]}.")
        return
    names = model.evidence.data.class_names
    columns = st.columns(2, gap="small")
    true = _choice(columns[0], "Class", names, {one.true for one in mistakes.kept}, model)
    answer = _choice(columns[1], "Answer", names, {one.answer for one in mistakes.kept}, model)
    table = texts_table(texts, names, true, answer)
    if table.empty:
        markup.note(words.no_mistakes(mistakes))
        return
    later.table(
        table,
        hide_index=True,
        height=38 + 35 * min(8, len(table)),
        column_config={
            "score": st.column_config.NumberColumn(format="%.3f", width=60),
            # Names may be long, and the text is what people read.
            **dict.fromkeys(("answer", "class"), st.column_config.TextColumn(width=140)),
            **{name: st.column_config.TextColumn(width="large") for name in table.columns[3:]},
        },
        placeholder="",
        alt="Dev texts that the model answers wrongly, the most confident mistakes first",
    )


def _choice(
    place: DeltaGenerator,
    label: str,
    names: Sequence[str],
    found: set[int],
    model: TrainedModel,
) -> int | None:
    """Let the reader choose one of the classes that occur; returns its number, None for all."""
    options = [None, *sorted(found, key=lambda number: names[number].casefold())]
    chosen: int | None = place.selectbox(
        label,
        options,
        format_func=lambda number: _ALL if number is None else names[number],
        key=f"mistakes:{label}:{model.record.id}",
    )
    return chosen


def texts_table(
    texts: Sequence[MistakenText], names: Sequence[str], true: int | None, answer: int | None
) -> pd.DataFrame:
    """Make the table of the mistakes that match the filter, in their order."""
    parts = len(texts[0].text) if texts else 1
    columns = ["score", "answer", "class", *(["text"] if parts == 1 else ["text", "second text"])]
    rows = [
        (one.score, names[one.answer], names[one.true], *text)
        for one, text in matching(texts, true, answer)
    ]
    return pd.DataFrame(rows, columns=columns)


@st.cache_resource(show_spinner="Reading the texts", max_entries=8)
def _read(number: int, created_at: float, _model: TrainedModel) -> list[MistakenText]:
    del number, created_at
    return mistaken_texts(_model.evidence, from_hub=False)
