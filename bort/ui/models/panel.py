"""All trained models; one of them read closely."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from bort.storage import ModelRecord
from bort.ui.kit import address, frame, markup, navigation
from bort.ui.models import curves as model_curves
from bort.ui.models import files as model_files
from bort.ui.models import trying as model_try
from bort.ui.models.rows import (
    comparison,
    interval,
    last_stage,
    number,
    overview,
    percent,
    section,
    seed_count,
    words,
)

_SHOWN = "shown-model"
_ONE_DIGIT = st.column_config.NumberColumn(format="%.1f")
_MILLISECONDS = st.column_config.NumberColumn(format="%.2f")
_FORMATS = {
    **dict.fromkeys(("audit (%)", "of teacher (%)", "dev (%)", "times faster"), _ONE_DIGIT),
    "latency (ms)": _MILLISECONDS,
    "macro F1": st.column_config.NumberColumn(format="%.3f"),
    "parameters": st.column_config.NumberColumn(format="localized"),
}


def nothing_yet(*, is_training: bool) -> None:
    """What to do next where no model is stored."""
    if is_training:
        markup.notice(
            "The first model is being trained. Open its job below to watch loss and dev error; the "
            "model appears here with its curves and files when it is done."
        )
        return
    markup.notice(
        "No model is trained yet. Pick a point of a Pareto front and press “Fine-tune this "
        "point”, or run the command below; the model appears here with its curves and files."
    )
    st.page_link(navigation.PARETO, label="Open the Pareto front", icon=":material/scatter_plot:")
    st.code("bort finetune --best", language="bash")


def show(models: Sequence[ModelRecord]) -> None:
    """The list, then the chosen model beside its box and its files."""
    st.dataframe(
        overview(models),
        hide_index=True,
        column_config=_FORMATS,
        placeholder="",
        alt="Trained models with audit accuracy, latency and parameters",
    )
    names = [model.name for model in models]
    asked = address.model()
    if asked and asked not in names:
        markup.problem(f"no model is named {asked!r} in this store; choose one of the list")
    if st.session_state.get(_SHOWN) not in names:
        st.session_state[_SHOWN] = asked if asked in names else names[0]
    st.selectbox("Model", names, key=_SHOWN, on_change=_remember)
    _one(models[names.index(st.session_state[_SHOWN])])


def _remember() -> None:
    address.choose_model(st.session_state[_SHOWN])


def _one(model: ModelRecord) -> None:
    left, right = st.columns([2.1, 1], gap="large")
    with left:
        _describe(model)
        st.subheader("Beside what it must beat", anchor=False)
        table = comparison(model)
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                **_FORMATS,
                **dict.fromkeys(_latencies(table), _MILLISECONDS),
                "who": st.column_config.TextColumn("", width=230),
            },
            placeholder="",
            alt="The model, its teacher and baselines: accuracy, size, latency",
        )
        _remarks(model)
        st.subheader("Curves", anchor=False)
        if model.job_id is None:
            markup.note("It came in a bundle; its curves stayed where it was trained.")
        else:
            model_curves.show(
                model.job_id,
                key=f"model:{model.id}",
                architecture_id=model.architecture_id,
                task=words(model.realised, "task"),
                stage=last_stage(model.realised),
            )
    with right, st.container(border=True, key="sticky"), frame.clear_errors():
        model_try.show(model)
        model_files.show(model)


def _latencies(table: pd.DataFrame) -> list[str]:
    return [name for name in map(str, table.columns) if name.endswith("(ms)")]


def _describe(model: ModelRecord) -> None:
    dimensions = ", ".join(f"{name} {value}" for name, value in model.architecture.items())
    markup.name(model.name, f"{dimensions}. Trained on {model.task}.")
    origin = "imported, to be read only" if model.is_imported else f"picked from {model.study}"
    markup.tags([model.architecture_id, origin])
    realised = model.realised
    audit = section(realised, "audit")
    accuracy, seeds = percent(number(audit, "accuracy")), seed_count(realised)
    share = percent(number(realised, "share_of_teacher"))
    faster = number(realised, "times_faster_than_teacher")
    with st.container(horizontal=True, gap="large"):
        st.metric("Audit accuracy", _text(accuracy, "%", ".1f"), width="content")
        st.metric("Of its teacher's accuracy", _text(share, "%", ".1f"), width="content")
        if faster is not None:
            st.metric("Against its teacher", f"{faster:.1f} × as fast", width="content")
    markup.note(
        f"95 % interval {interval(audit) or 'unknown'} %, on "
        f"{_text(number(audit, 'n'), 'audit texts')} that nothing was chosen by; "
        f"mean of {seeds} seed{'' if seeds == 1 else 's'}."
    )


def _remarks(model: ModelRecord) -> None:
    """What a reader of the table must know of it."""
    realised = model.realised
    for runtime, times in section(realised, "latency").items():
        noise = "" if section(times).get("noise_ok", True) else "; the machine was busy meanwhile"
        workload = words(times, "workload") or "unknown workload"
        markup.note(f"Latency on {runtime}: {workload}, measured interleaved{noise}.")
    if landmark := words(realised, "landmark", "name"):
        markup.note(f"{landmark} was published, not trained here: its size and latency compare.")
    gain = section(realised, "difference_from_teacher")
    difference, low, high = (number(gain, key) for key in ("difference", "low", "high"))
    if difference is not None and low is not None and high is not None:
        markup.note(
            f"Against its teacher on the same texts{_of_seeds(realised)}: "
            f"{100 * difference:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})."
        )
    if realised.get("dev_is_seen") is True:
        markup.note("Agora learned from dev texts: its dev accuracy is not independent.")


def _of_seeds(realised: Mapping[str, Any]) -> str:
    count = seed_count(realised)
    return f", mean of {count} seeds" if count > 1 else ""


def _text(value: float | None, unit: str, digits: str = ",.0f") -> str:
    return "unknown" if value is None else f"{value:{digits}} {unit}"
