"""The list of trained models, and one of them in detail."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.core.errors import InvalidDataError
from bort.core.study import TaskSpec, TrainingSpec
from bort.figures import Objective, Theme, front_info, plot_pair
from bort.figures.models import RealisedMark, add_realised, mark_on_front
from bort.figures.objectives import axes_of
from bort.finetuning.realised import Accuracy, Realised, TrainedModel, landmark_key
from bort.report import models as words
from bort.report.baselines import NAMES
from bort.report.data import short_name
from bort.report.numbers import shape
from bort.storage import ModelRecord, Thing, ThingKind
from bort.studies.answers import StudyAnswer
from bort.studies.rivals import newest_comparison
from bort.ui.kit import address, chart, deleting, frame, later, markup, navigation, readings
from bort.ui.kit.same import Same
from bort.ui.models import deployed as model_deployed
from bort.ui.models import files as model_files
from bort.ui.models import mistakes as model_mistakes
from bort.ui.models import reporting as model_reporting
from bort.ui.models import rivals as model_rivals
from bort.ui.models import trying as model_try
from bort.ui.models import watch as model_watch

_SHOWN, _ASKED, _TIMES = "shown-model", "model-asked", "models-chosen-below"
ROWS_SHOWN = 3  # of the list; the first chart is then on the first screen
_ONE_DIGIT = st.column_config.NumberColumn(format="%.1f")
_MILLISECONDS = st.column_config.NumberColumn(format="%.3f")
_FORMATS = {
    **dict.fromkeys(("audit (%)", "of teacher (%)", "dev (%)", "times faster"), _ONE_DIGIT),
    "latency (ms)": _MILLISECONDS,
    "macro F1": st.column_config.NumberColumn(format="%.3f"),
    "parameters": st.column_config.NumberColumn(format="localized"),
    "MB, int8": st.column_config.NumberColumn(
        format="%.3f", help="Exported weights in int8 and the tokenizer, as files."
    ),
}


def nothing_yet(*, is_training: bool) -> None:
    """Say what to do next if no model is stored."""
    if is_training:
        markup.notice(
            "The first model is being trained. Open its job below to watch loss and dev error. "
            "When it is done, the model appears here with its curves and files."
        )
        return
    markup.notice(
        "There is no trained model yet. Pick a point of a Pareto front and press “Fine-tune this "
        "point”, or run the command below. The model appears here with its curves and files."
    )
    st.page_link(navigation.PARETO, label="Open the Pareto front", icon=":material/scatter_plot:")
    st.code("bort finetune --best", language="bash")


def show(records: Sequence[ModelRecord], beside_title: DeltaGenerator) -> None:
    """Show a list of several models, then the chosen one with its files and a box to try it."""
    models = _readable(records)
    if not models:
        return
    names = [model.record.name for model in models]
    asked = address.model()
    if asked and asked not in names:
        markup.problem(f"there is no model {asked!r} in this store; choose one from the list")
    if asked != st.session_state.get(_ASKED):  # the browser's Back, or a link
        st.session_state[_ASKED] = asked
        if asked in names and st.session_state.get(_SHOWN) != asked:
            st.session_state[_SHOWN] = asked
            st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1
    if st.session_state.get(_SHOWN) not in names:
        st.session_state[_SHOWN] = asked if asked in names else names[0]
    if len(models) > 1:
        with beside_title:
            st.selectbox(
                "Model",
                names,
                key=_SHOWN,
                label_visibility="collapsed",
                width=430,
                on_change=_remember,
            )
        _choose(overview(models), names)
    _one(models[names.index(st.session_state[_SHOWN])])


def _choose(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Show the list; a click on a row, or an arrow key, shows that model."""
    shown = st.session_state[_SHOWN]
    # Drawn again, with its selection, only if the model was chosen elsewhere: the keys stay in it.
    key = f"models:{len(names)}:{st.session_state.get(_TIMES, 0)}"

    def chosen() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        if cells and cells[0][0] < len(names):
            st.session_state[_SHOWN] = names[cells[0][0]]
            address.choose_model(st.session_state[_SHOWN])

    st.dataframe(
        markup.cells(table),
        hide_index=True,
        height=38 + 35 * min(ROWS_SHOWN, len(names)),
        column_config=_FORMATS,
        on_select=chosen,
        selection_mode="single-cell",
        selection_default={"selection": {"cells": [(names.index(shown), "model")]}},
        key=key,
        placeholder="",
        alt="Trained models with audit accuracy, latency and parameters; a click shows one",
    )


def _readable(records: Sequence[ModelRecord]) -> list[TrainedModel]:
    """Return the models with readable records, and report the others."""
    found = []
    for record in records:
        try:
            found.append(TrainedModel.of(record))
        except InvalidDataError as error:
            markup.problem(str(error))
    return found


def _remember() -> None:
    st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1
    address.choose_model(st.session_state[_SHOWN])


def _one(model: TrainedModel) -> None:
    left, right = st.columns([2.1, 1], gap="large")
    with left:
        _describe(model)
        _on_front(model)
        _say(model)
        st.subheader("Compared with teacher and baselines", anchor=False)
        table = comparison(model)
        later.table(
            table,
            hide_index=True,
            column_config={
                **_FORMATS,
                **dict.fromkeys(_latencies(table), _MILLISECONDS),
                "who": st.column_config.TextColumn("", width=250),
            },
            placeholder="",
            alt="The model, its teacher and baselines: accuracy, size, latency",
        )
        for remark in words.remarks(model.realised):
            markup.note(remark)
        model_deployed.show(model)
        _beside_others(model)
        model_mistakes.show(model)
        st.subheader("Curves", anchor=False)
        _curves(model)
    with right, st.container(border=True, key="sticky"), frame.clear_errors():
        if model.record.is_example:
            model_files.say_how_to_get(model)
        else:
            model_try.show(model.record)
            model_files.show(model)
        model_reporting.offer(model)
        thing = Thing(ThingKind.MODEL, model.record.name)
        deleting.button(thing, key="delete-model", leave=address.leave_model)


def _latencies(table: pd.DataFrame) -> list[str]:
    return [name for name in map(str, table.columns) if name.endswith("(ms)")]


def _describe(model: TrainedModel) -> None:
    record, realised = model.record, model.realised
    markup.name(record.name, f"{shape(record.architecture)}. Trained on {short_name(record.task)}.")
    origin = "imported, read-only" if record.is_imported else f"picked from {record.study}"
    markup.tags([record.architecture_id, origin, *["example"] * record.is_example])
    if record.is_example:
        cpu = model.evidence.machine.get("cpu", "an unknown processor")
        markup.note(f"A finished example, recorded elsewhere, on {cpu}, without its weights.")
    with st.container(horizontal=True, gap="large"):
        accuracy, share = percent(realised.audit.accuracy), percent(realised.share_of_teacher)
        st.metric("Audit accuracy", f"{accuracy:.1f}%", width="content")
        if share is not None:
            st.metric("Of its teacher's accuracy", f"{share:.1f}%", width="content")
        if realised.times_faster_than_teacher is not None:
            is_text = bool(model.evidence.workload.by_vocabulary)
            what = "from text to label" if is_text else "network alone"
            faster = f"{realised.times_faster_than_teacher:.1f} × as fast"
            st.metric(f"Beside its teacher, {what}", faster, width="content")
    if beaten := words.beaten_sentence(realised):
        markup.notice(beaten)


def _say(model: TrainedModel) -> None:
    """Say what the numbers and the charts do not; the charts are on the first screen."""
    realised = model.realised
    if files := words.files_sentence(realised):
        markup.note(files)
    markup.note(words.accuracy_sentence(realised))
    if weakest := words.weakest_sentence(realised):
        markup.note(weakest)


def _on_front(model: TrainedModel) -> None:
    """Draw the model among the points of its search, with an arrow from the prediction."""
    study = readings.study(model.record.study)
    if study is None or not study.evaluation_count:
        return
    answer = readings.answer(study)
    mark = mark_on_front(answer, model)
    if mark is None:
        return
    objectives = axes_of(answer)
    size, latency, error = objectives
    columns = st.columns(2, gap="small")
    for column, x in zip(columns, (latency, size), strict=True):
        with column:
            chart.show(
                chart.Sketch.of(_placed, Same(answer), mark, x, frame.theme()),
                key=f"on-front:{model.record.id}:{x.name}",
                alt=f"{error.title} against {x.title}: predicted and realised",
            )
    markup.note(words.realised_sentence(model.realised))


def _placed(answer: StudyAnswer, mark: RealisedMark, x: Objective, theme: Theme) -> go.Figure:
    objectives = axes_of(answer)
    error = objectives[-1]
    info = front_info(answer.points, objectives=objectives, pick_id=mark.architecture_id)
    figure = plot_pair(info, x, error, theme=theme, log=(x,), height=300)
    return add_realised(figure, [mark], x, error, theme=theme)


def _beside_others(model: TrainedModel) -> None:
    """Show the newest comparison with others' work on the texts that the model was trained on."""
    task = TaskSpec.from_dict(model.evidence.data.task_spec)
    study = readings.study(model.record.study)
    training = TrainingSpec() if study is None else study.spec.training
    digest = model.evidence.oracle.task_digest
    found = newest_comparison(readings.store(), task, digest)
    model_rivals.show(task, training, found, model=model.record.name)


def _curves(model: TrainedModel) -> None:
    if model.record.job_id is None:
        markup.note("This model was imported from a bundle, which does not contain its curves.")
        return
    stages = model.realised.stages
    model_watch.curves(
        model.record.job_id,
        key=f"model:{model.record.id}",
        architecture_id=model.record.architecture_id,
        task=model.realised.task,
        stage=stages[-1].stage if stages else "",
    )


def overview(models: Sequence[TrainedModel]) -> pd.DataFrame:
    """Make the table of all models, one row each."""
    return pd.DataFrame(
        [
            {
                "model": model.record.name,
                "task": short_name(model.record.task),
                "architecture": model.record.architecture_id,
                "audit (%)": percent(model.realised.audit.accuracy),
                "of teacher (%)": percent(model.realised.share_of_teacher),
                "latency (ms)": model.realised.latency_ms,
                "times faster": model.realised.times_faster_than_teacher,
                "parameters": model.realised.parameter_count,
                "MB, int8": int8_megabytes(model.realised),
                "from": "a bundle" if model.record.is_imported else model.record.study,
            }
            for model in models
        ]
    ).round({"latency (ms)": 3, "times faster": 1})


def int8_megabytes(realised: Realised) -> float | None:
    """Return the MB of the files in int8, if they were counted."""
    return None if realised.files is None else realised.files.int8 / 1e6


def comparison(model: TrainedModel) -> pd.DataFrame:
    """Compare the model with its teacher, baselines and the landmark nearest in size."""
    realised = model.realised
    own = _evaluated("this model", realised.audit, realised.parameter_count)
    own |= {"dev (%)": percent(realised.dev.accuracy), "MB, int8": int8_megabytes(realised)}
    teacher = _teacher(model)
    rows = [own, teacher]
    if plain := realised.plain_student:
        rows.append(_evaluated("the same, from random weights", plain, realised.parameter_count))
    rows += [_evaluated(NAMES[method], found, None) for method, found in realised.baselines.items()]
    for runtime, times in realised.latency.items():
        own[_column(runtime)] = times.median_ms
        teacher[_column(runtime)] = times.teacher_ms
    if realised.landmark:
        rows.append(_landmark(model))
    latencies = [_column(runtime) for runtime in realised.latency]
    columns = ["who", "audit (%)", "95%", "dev (%)", "macro F1", "parameters"]
    if realised.files is not None:
        columns.append("MB, int8")
    columns += latencies
    return pd.DataFrame(rows, columns=columns).round(dict.fromkeys(latencies, 3))


def _teacher(model: TrainedModel) -> dict[str, Any]:
    name, found = model.evidence.oracle.teacher, model.realised.teacher
    if found is None:  # a file that answers too few audit texts
        return {"who": f"teacher: {short_name(name)}"}
    row = _evaluated(f"teacher: {short_name(found.name)}", found, None)
    return {**row, "dev (%)": percent(found.dev_accuracy)}


def _evaluated(who: str, found: Accuracy, parameters: int | None) -> dict[str, Any]:
    return {
        "who": who,
        "audit (%)": percent(found.accuracy),
        "95%": f"{100 * found.low:.1f} to {100 * found.high:.1f}",
        "macro F1": round(found.macro_f1, 3),
        "parameters": parameters,
    }


def _landmark(model: TrainedModel) -> dict[str, Any]:
    landmark = model.realised.landmark
    assert landmark is not None
    row: dict[str, Any] = {
        "who": f"{landmark.name}, nearest in size",
        "parameters": landmark.parameter_count,
    }
    for number, runtime in enumerate(model.realised.latency):
        times = model.evidence.latency.get(runtime)
        timed = times.models.get(landmark_key(landmark.name)) if times else None
        if timed is not None:
            row[_column(runtime)] = timed.median_ms
        elif number == 0:
            row[_column(runtime)] = landmark.latency_ms
    return row


def _column(runtime: str) -> str:
    return f"{runtime} (ms)"


def percent(share: float | None) -> float | None:
    """Convert a share to percent, rounded to one digit."""
    return None if share is None else round(100 * share, 1)
