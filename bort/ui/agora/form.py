"""The form of a new run: the options of `bort agora run`, as fields."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.agora.text.spec import REPRESENTATIONS
from bort.agora.text.spec import SAMPLERS as TEXT_SAMPLERS
from bort.agora.torus.world import LABELERS, LEARNERS, RADIUS, SAMPLERS, TORUS
from bort.core.study import DEVICES, INITIALISATIONS
from bort.tasks import list_tasks
from bort.ui.agora import words as agora_words
from bort.ui.agora.request import Choice
from bort.ui.kit import address, markup, readings, uploads
from bort.ui.kit.slots import Slots

OWN_PATH, OWN_UPLOAD = "a file on this machine", "a file to upload"
TYPED, FROM_STUDY = "typed", "from a study"
TEXT_LABELERS = {
    "teacher": "the source network, fine-tuned",
    "probe": "a linear probe on frozen sentence vectors",
    "sklearn:LogisticRegression": "logistic regression on words",
    "": "another classifier: folder or hub id",
}
Choices = dict[str, Choice]


def fill_in(slots: Slots) -> Choices:
    """All fields; what is left empty is left out, and `bort agora run` decides."""
    with _box("What to teach"):
        names = [TORUS, *(info.name for info in list_tasks()), OWN_PATH, OWN_UPLOAD]
        start = names.index(_first_task(names))
        task = st.selectbox("Task", names, index=start, key="agora-task", format_func=_title)
        choices = _torus(slots) if task == TORUS else _texts(task, slots)
    with _box("Where new points come from"):
        choices |= _sampling(slots, is_torus=task == TORUS)
    with _box("When it ends"):
        choices |= _budget(slots, is_torus=task == TORUS)
    with st.expander("Advanced: name, seed, training, labels"):
        choices |= _advanced(slots, is_torus=task == TORUS)
    slots.below("general")
    return choices


def _first_task(names: list[str]) -> str:
    """That of the study in the address; the torus where there is none."""
    study = readings.study(address.study())
    if study is None:
        return TORUS
    return study.spec.task.task if study.spec.task.task in names else OWN_PATH


def _title(name: str) -> str:
    return "torus: points with a part missing" if name == TORUS else name


def _box(title: str) -> DeltaGenerator:
    box = st.container(border=True)
    with box:
        markup.label(title)
    return box


def _torus(slots: Slots) -> Choices:
    learner = st.selectbox("Learner", list(LEARNERS), key="agora-learner", help=agora_words.LEARNER)
    slots.below("task", "learner")
    markup.note(
        "Two bands wind around a torus. A third of the training points is missing; rounds fill it, "
        "and the Betti numbers of the training set go from (1, 1, 0) to (1, 2, 1)."
    )
    return {"task": TORUS, "learner": learner}


def _texts(task: str, slots: Slots) -> Choices:
    choices: Choices = {"task": task}
    if task == OWN_PATH:
        choices["task"] = st.text_input("Path", key="agora-path", placeholder="reviews.csv")
    elif task == OWN_UPLOAD:
        given = uploads.ask(
            "CSV, TSV, JSONL or Parquet", endings=uploads.DATA_ENDINGS, key="agora-file"
        )
        choices["task"] = str(uploads.keep(given)) if given else ""
    if task in (OWN_PATH, OWN_UPLOAD):
        left, right = st.columns(2)
        choices["text"] = left.text_input("Text column, or two with a comma", key="agora-text")
        choices["label"] = right.text_input("Label column", key="agora-label")
    slots.below("task", "text", "label")
    choices["labelled"] = st.number_input(
        "Labelled training texts",
        value=500,
        step=100,
        key="agora-labelled",
        placeholder="all",
        help="So many keep their label; the others become the pool that new points come from.",
    )
    slots.below("labelled")
    return choices | _student(slots)


def _student(slots: Slots) -> Choices:
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
        typed = st.text_input(
            "Depth-heads-hidden-intermediate", key="agora-architecture", placeholder="2-2-128-512"
        )
        slots.below("architecture", "space")
        return {"architecture": (typed or "").strip()}
    left, right = st.columns(2)
    index = studies.index(named) if named else (0 if studies else None)
    study = left.selectbox("Study", studies, index=index, key="agora-study")
    picked = right.text_input(
        "Architecture",
        address.pick() if study == named and address.pick() else "",
        key=f"agora-pick:{study}",
        placeholder="the one with the largest W",
        help="An id of that study, as the page Pareto front shows it.",
    )
    slots.below("architecture", "space", "study")
    if study is None:
        markup.notice("No study has trained anything yet; type a student, or start a search.")
    return {"from_study": study, "architecture": (picked or "").strip()}


def _sampling(slots: Slots, *, is_torus: bool) -> Choices:
    kind = "torus" if is_torus else "text"
    left, middle, right = st.columns(3)
    if is_torus:
        labeler = left.selectbox(
            "Labeler", LABELERS, index=1, key="agora-labeler-torus", help=agora_words.LABELER
        )
    else:
        labeler = left.selectbox(
            "Labeler",
            TEXT_LABELERS,
            format_func=TEXT_LABELERS.__getitem__,
            key="agora-labeler",
            help=agora_words.LABELER,
        )
    samplers = SAMPLERS if is_torus else TEXT_SAMPLERS
    sampler = middle.selectbox(
        "Sampler",
        samplers,
        key=f"agora-sampler-{kind}",
        help=agora_words.TORUS_SAMPLER if is_torus else agora_words.TEXT_SAMPLER,
    )
    radius = right.number_input(
        "Radius",
        value=RADIUS if is_torus else None,
        step=0.1,
        key=f"agora-radius-{kind}",
        placeholder="chosen from the data",
        help="How far from a dev error a new point may lie, in the representation space.",
    )
    if labeler == "":
        labeler = st.text_input("Labeler's folder or hub id", key="agora-labeler-other")
    slots.below("labeler", "sampler", "radius")
    choices: Choices = {"labeler": labeler, "sampler": sampler, "radius": radius}
    if not is_torus:
        choices["pool"] = st.text_input(
            "File of further unlabelled texts", key="agora-pool", placeholder="none"
        )
        slots.below("pool")
    return choices


def _budget(slots: Slots, *, is_torus: bool) -> Choices:
    columns = st.columns(2 if is_torus else 4)
    kind = "torus" if is_torus else "text"
    choices: Choices = {
        "rounds": columns[0].number_input(
            "Rounds at most", value=8 if is_torus else 6, step=1, key=f"agora-rounds-{kind}"
        ),
        "points": columns[1].number_input(
            "Points at most", value=None, step=100, key="agora-points", placeholder="no limit"
        ),
    }
    if not is_torus:
        choices["points_per_error"] = columns[2].number_input(
            "Points per error", value=1, step=1, key="agora-per-error"
        )
        choices["minutes"] = columns[3].number_input(
            "Minutes at most", value=None, step=5.0, key="agora-minutes", placeholder="no limit"
        )
    slots.below("rounds", "points", "points_per_error", "minutes")
    return choices


def _advanced(slots: Slots, *, is_torus: bool) -> Choices:
    left, right = st.columns([2, 1])
    choices: Choices = {
        "study": left.text_input("Name", key="agora-name", placeholder="made from task, student"),
        "seed": right.number_input("Seed", value=0, step=1, key="agora-seed"),
    }
    slots.below("name", "seed")
    return choices if is_torus else choices | _training(slots) | _labels(slots)


def _training(slots: Slots) -> Choices:
    row = st.columns(4)
    choices: Choices = {
        "steps": row[0].number_input("Steps per round", value=300, step=50, key="agora-steps"),
        "closing_steps": row[1].number_input(
            "Of the last student", value=None, step=100, key="agora-closing", placeholder="4 times"
        ),
        "learning_rates": row[2].text_input(
            "Learning rates, Θ", key="agora-rates", placeholder="by width"
        ),
        "batch_size": row[3].number_input("Texts per step", value=32, step=8, key="agora-batch"),
    }
    slots.below("steps", "closing_steps", "learning_rates", "batch_size")
    row = st.columns(4)
    choices["initialise"] = row[0].selectbox(
        "Start from", INITIALISATIONS, index=None, key="agora-initialise", placeholder="scratch"
    )
    choices["source"] = row[1].text_input(
        "Source network", key="agora-source", placeholder="all-MiniLM-L6-v2"
    )
    choices["device"] = row[2].selectbox("Device", DEVICES, key="agora-device")
    choices["threads"] = row[3].number_input(
        "CPU threads", value=None, step=1, key="agora-threads", placeholder="all cores"
    )
    slots.below("initialise", "source", "device", "threads")
    return choices


def _labels(slots: Slots) -> Choices:
    row = st.columns(4)
    choices: Choices = {
        "representation": row[0].selectbox(
            "Near in",
            REPRESENTATIONS,
            index=None,
            key="agora-space",
            placeholder="usual",
            help=agora_words.SPACE,
        ),
        "temperature": row[1].number_input(
            "Temperature", value=1.0, step=0.5, key="agora-temperature"
        ),
        "threshold": row[2].number_input(
            "Least confidence", value=0.0, step=0.05, key="agora-threshold"
        ),
        "replays": row[3].number_input("Replays", value=0, step=1, key="agora-replays"),
        "hard_labels": st.toggle("Learn classes instead of probabilities", key="agora-hard"),
        "all_errors": st.toggle(
            "Sample near errors that the labeler gets wrong, too", key="agora-all-errors"
        ),
    }
    slots.below("representation", "temperature", "threshold", "replays")
    return choices
