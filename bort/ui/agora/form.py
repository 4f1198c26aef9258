"""The form of a new run: the options of `bort agora run`, as fields."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.core.agora import TORUS
from bort.studies.parts import TEXT_RUN, TORUS_RUN
from bort.tasks import list_tasks
from bort.ui.kit import access, address, markup, readings, uploads
from bort.ui.kit.fields import Form, Slots

OWN_PATH, OWN_UPLOAD = "a file on this machine", "a file to upload"
TYPED, FROM_STUDY = "typed", "from a study"
OTHER = ""  # a labeler that the list does not name
TEXT_LABELERS = {
    "teacher": "the source network, fine-tuned",
    "probe": "a linear probe on frozen sentence vectors",
    "sklearn:LogisticRegression": "logistic regression on words",
    OTHER: "another classifier: folder or hub id",
}
START = {"labelled": 500}  # so that there is a pool to learn from
Asked = dict[str, Any]


def fill_in(slots: Slots) -> Asked:
    """Show the form and return what was entered, by option; `bort agora run` fills in the rest.

    Raises:
        ForbiddenError: whoever asks may not start anything, and so may not look at files either.
    """
    access.check_may_change()
    what = markup.box("What to teach")
    with what:
        names = [TORUS, *(info.name for info in list_tasks()), OWN_PATH, OWN_UPLOAD]
        start = names.index(_first_task(names))
        task = st.selectbox("Task", names, index=start, key="agora-task", format_func=_title)
    where, when = markup.box("Where new points come from"), markup.box("When to stop")
    advanced = st.expander("Advanced: name, seed, training, labels")
    slots.below("general")
    if task == TORUS:
        asked = _torus(slots, what, where, when, advanced)
    else:
        asked = _texts(task, slots, what, where, when, advanced)
    return {option: value for option, value in asked.items() if value is not None}


def _first_task(names: list[str]) -> str:
    """The task of the study in the address, or the torus if there is no study."""
    study = readings.study(address.study())
    if study is None:
        return TORUS
    return study.spec.task.task if study.spec.task.task in names else OWN_PATH


def _title(name: str) -> str:
    return "torus: points with a region missing" if name == TORUS else name


def _torus(
    slots: Slots,
    what: DeltaGenerator,
    where: DeltaGenerator,
    when: DeltaGenerator,
    advanced: DeltaGenerator,
) -> Asked:
    form = Form(slots, *TORUS_RUN, scope="agora-torus", persists=False)
    with what:
        form.row("learner")
        slots.below("task")
        markup.note(
            "The two classes are bands that wind around a torus. A third of the training points "
            "are missing; the rounds fill the gap, and the Betti numbers of the training set "
            "change from (1, 1, 0) to (1, 2, 1)."
        )
    with where:
        form.row("labeler", "sampler", "radius")
    with when:
        form.row("rounds", "points")
    with advanced:
        form.row("study", "seed", widths=[2, 1])
        slots.below("name")
    return {"task": TORUS, **form.entered}


def _texts(
    task: str,
    slots: Slots,
    what: DeltaGenerator,
    where: DeltaGenerator,
    when: DeltaGenerator,
    advanced: DeltaGenerator,
) -> Asked:
    form = Form(
        slots,
        *TEXT_RUN,
        scope="agora-text",
        start=START,
        choices={"labeler": TEXT_LABELERS},
        persists=False,
    )
    with what:
        path = _path(task)
        if task in (OWN_PATH, OWN_UPLOAD):
            form.row("text", "label")
            form.row("split_column", "where")
        slots.below("task")
        form.row("labelled")
        student = _student(slots, form)
    with where:
        form.row("labeler", "sampler", "radius")
        if form.entered["labeler"] == OTHER:
            form.entered["labeler"] = st.text_input(
                "Labeler's folder or hub id", key="agora-labeler-other"
            )
        form.row("pool")
    with when:
        form.row("rounds", "points", "points_per_error", "minutes")
    with advanced:
        form.row("study", "seed", widths=[2, 1])
        slots.below("name")
        form.row("steps", "closing_steps", "learning_rates", "batch_size")
        form.row("initialise", "source", "device", "threads")
        form.row("representation", "temperature", "threshold", "replays")
        form.row("distilled")
        form.row("hard_labels")
        form.row("trusted_only")
    return {"task": path, **student, **form.entered}


def _path(task: str) -> str:
    """Ask for the task: a name or a file."""
    if task == OWN_PATH:
        return st.text_input("Path", key="agora-path", placeholder="reviews.csv")
    if task == OWN_UPLOAD:
        given = uploads.ask(
            "CSV, TSV, JSONL or Parquet", endings=uploads.DATA_ENDINGS, key="agora-file"
        )
        return str(uploads.keep(given)) if given else ""
    return task


def _student(slots: Slots, form: Form) -> Asked:
    studies = [study.name for study in readings.studies() if study.evaluation_count]
    named = address.study() if address.study() in studies else None
    how = st.segmented_control(
        "Student",
        [TYPED, FROM_STUDY],
        default=FROM_STUDY if named else TYPED,
        key="agora-student",
        required=True,
    )
    if how == TYPED:
        form.row("architecture")
        slots.below("space")
        return {}
    left, right = st.columns(2)
    index = studies.index(named) if named else (0 if studies else None)
    study = left.selectbox("Study", studies, index=index, key="agora-study")
    picked = right.text_input(
        "Architecture",
        address.pick() if study == named and address.pick() else "",
        key=f"agora-pick:{study}",
        placeholder="the one with the largest W",
        help="The id of an architecture, as shown on the page Pareto front.",
    )
    slots.below("architecture", "space", "study")
    if study is None:
        markup.notice("No study has trained anything yet. Enter a student, or start a search.")
    return {"from_study": study, "architecture": (picked or "").strip()}
