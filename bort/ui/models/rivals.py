"""Others' work beside ours: the newest comparison of a task, or how to get one."""

from collections.abc import Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bort.core.errors import BortError
from bort.core.rivals import Compared, Comparison
from bort.core.serialise import from_json
from bort.core.study import TaskSpec, TrainingSpec
from bort.figures import Theme
from bort.figures.rivals import ComparedMark, compared_marks, legend_of, plot_compared
from bort.jobs import JobRecord, start_detached
from bort.report.data import short_name
from bort.report.rivals import (
    BATCHES,
    RIVAL_NAMES,
    VERDICT_NAMES,
    losses,
    ordered,
    remarks,
    rival_name,
    verdict_sentences,
)
from bort.rivals.request import describe_rivals, is_installed, usual_kinds
from bort.studies.commands import rivals_command
from bort.studies.rivals import KIND
from bort.ui.kit import access, chart, frame, job_parts, later, markup, navigation, readings

_TIMES = {"1": "ms, single", "32": "ms, of 32"}
_FORMATS = {
    "who": st.column_config.TextColumn("", width=215),
    "verdict": st.column_config.TextColumn(width=80),
    "audit (%)": st.column_config.NumberColumn(format="%.1f", width=70),
    "95%": st.column_config.TextColumn(width=95),
    "macro F1": st.column_config.NumberColumn(format="%.3f", width=70),
    "bytes": st.column_config.NumberColumn(format="localized", width=90),
    "memory (MB)": st.column_config.NumberColumn(
        format="%.0f",
        width=90,
        help="The peak of a process that only classifies, Python and libraries included.",
    ),
    **{
        _TIMES[batch]: st.column_config.NumberColumn(
            format="%.3f", width=80, help=f"From text to label, per text, {where}."
        )
        for batch, where in BATCHES.items()
    },
}


def show(
    task: TaskSpec, training: TrainingSpec, found: Comparison | None, *, model: str = ""
) -> None:
    """Show the comparison of a task, or how to get it.

    Args:
        training: whose source network the rivals are made from.
        model: one of ours, which comes first.
    """
    st.subheader("Beside others' work", anchor=False)
    if found is None:
        markup.notice(
            "Nobody else's classifiers have been made for this task and split yet. Make them: "
            "tf-idf, fastText, wordllama, model2vec and the source network, frozen, fine-tuned, "
            "quantised, shortened and pruned. They are timed in the same rounds as your models. "
            "It takes about as long as two teachers."
        )
        _offer(task, training, "Make them and compare")
        return
    if model and all(row.name != model for row in found.rows):
        markup.notice(f"{model} is not in this comparison; compare again.")
    show_comparison(found, key="newest", model=model)
    _offer(task, training, "Compare again")


def show_comparison(found: Comparison, *, key: str, model: str = "") -> None:
    """Show who beats whom, the charts, and the table; what we lose comes first.

    Args:
        key: unique on the page, where a comparison that is watched may be the newest as well.
    """
    lost = losses(found)
    for line in verdict_sentences(found):
        (markup.notice if line in lost else markup.note)(line)
    batch = st.segmented_control(
        "Times of",
        list(BATCHES),
        default="1",
        format_func=BATCHES.__getitem__,
        key=f"rivals-batch:{key}:{found.task}",
        label_visibility="collapsed",
        required=True,
    )
    theme = frame.theme()
    marks = compared_marks(found, batch)
    inner = "".join(
        f'<span><b style="color:{colour}">{sign}</b>{escape(name)}</span>'
        for sign, colour, name in legend_of(marks, theme=theme)
    )
    st.html(f'<div class="bort-legend">{inner}</div>')
    what = ("error against size", "error against time", "size, time and error in 3D")
    columns = st.columns(3, gap="small")
    for number, (column, alt) in enumerate(zip(columns, what, strict=True)):
        with column:
            chart.show(
                chart.Sketch.of(_compared, number, tuple(marks), theme),
                key=f"rivals:{key}:{alt}",
                alt=f"Others' work and ours: {alt}",
            )
    later.table(
        comparison_table(found, model),
        hide_index=True,
        column_config=_FORMATS,
        placeholder="",
        alt="Our models and others' work: accuracy, size, time, verdict",
    )
    for remark in remarks(found):
        markup.note(remark)


def _compared(number: int, marks: Sequence[ComparedMark], theme: Theme) -> go.Figure:
    return plot_compared(marks, theme=theme)[number]


def comparison_table(found: Comparison, model: str = "") -> pd.DataFrame:
    """Make the table of a comparison, one row per classifier."""
    return pd.DataFrame(
        [
            {
                "who": rival_name(row),
                "verdict": _verdict(row),
                "audit (%)": round(100 * row.accuracy, 1),
                "95%": f"{100 * row.low:.1f} to {100 * row.high:.1f}",
                "macro F1": row.macro_f1,
                "bytes": row.size_bytes,
                "memory (MB)": None if row.memory_bytes is None else row.memory_bytes / 1e6,
                **{name: row.latency[batch].median_ms for batch, name in _TIMES.items()},
            }
            for row in ordered(found, model)
        ]
    )


def _verdict(row: Compared) -> str:
    """Write one verdict, or both if they differ by batch size."""
    words = dict.fromkeys(VERDICT_NAMES[one] for one in row.verdicts.values())
    return "ours" if row.is_ours else " / ".join(words)


def _offer(task: TaskSpec, training: TrainingSpec, label: str) -> None:
    if not access.may_change():
        return
    usual = usual_kinds(task)
    kinds = [kind for kind in usual if is_installed(kind)]
    absent = [RIVAL_NAMES[kind] for kind in usual if kind not in kinds]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        is_asked = st.button(label, icon=":material/compare_arrows:", key="make-rivals")
        only = kinds if absent else ()
        later.code(rivals_command(task, training, only), language="bash")
    if absent:
        markup.note(
            f"Left out, because their packages are not installed: {'; '.join(absent)}. "
            "Install them with: pip install 'bort[rivals]'"
        )
    if is_asked:
        try:
            store = readings.store_to_change()
            spec = describe_rivals(store, task, training, kinds=kinds)
            job = start_detached(store, KIND, spec.to_dict())
        except BortError as error:
            markup.problem(str(error))
            return
        st.switch_page(navigation.MODELS, query_params={"job": str(job)})


def about(job: JobRecord) -> str:
    """Name a comparison in lists."""
    return f"Rivals on {short_name(job.spec['task']['task'])}"


def draw(job: JobRecord) -> None:
    """Show a comparison that runs, or what it found."""
    with st.container(border=True):
        markup.name(about(job), f"{job_parts.title(job)}.")
        job_parts.early_end(job, "Complete rivals are kept. Resume it to continue from there.")
        job_parts.bar(job)
        job_parts.workers(job)
        with st.container(horizontal=True, vertical_alignment="center"):
            job_parts.cancel_button(job, key="rivals-cancel")
            job_parts.resume_button(job, key="rivals-resume")
            job_parts.delete_button(job, key="rivals-delete")
        with st.container():
            if job.result and job.state.is_final:
                found = from_json(Comparison, job.result, what=f"job {job.id}")
                show_comparison(found, key=f"job-{job.id}")
        job_parts.log(job)
