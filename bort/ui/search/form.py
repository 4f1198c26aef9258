"""The form for a new search: its space, its task and the complete study."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bort.core.errors import BortError, InvalidFieldError
from bort.core.size import SizeSpec
from bort.core.study import (
    SPACE,
    LatencySpec,
    SearchSpec,
    StudySpec,
    TaskSpec,
    TrainingSpec,
    check_name,
    suggest_name,
)
from bort.core.workers import WorkersSpec
from bort.families import SPACE_NAMES, FamilySpace, SearchSpace, load_space, parse_space
from bort.families.sizes import sizes_of
from bort.latency.runtimes import RUNTIME_NAMES
from bort.report.space import size_range
from bort.studies.parts import (
    BUDGET,
    FORM_PRESET,
    LATENCY,
    QUESTION,
    SIZE,
    TASK,
    TRAINING,
    WORKERS,
)
from bort.tasks import TaskInfo, list_tasks
from bort.tasks.hub import PREFIX
from bort.ui.kit import access, markup, readings, uploads
from bort.ui.kit.fields import Form, Slots
from bort.ui.search import data as own_data

T = TypeVar("T")

OWN_SPACE = "my own TOML file"
OWN_PATH = "a file on this machine"
OWN_UPLOAD = "a file to upload"
OWN_HUB = "a data set of the hub"
EXAMPLE_SPACE = 'family = "bert"\n\n[dimensions]\ndepth = [2, 4]\nheads = [4, 8]\n...'


class Filled(NamedTuple):
    """A study, and who is to train for it."""

    study: StudySpec
    workers: WorkersSpec


def fill_in(slots: Slots) -> Filled | None:
    """Show all fields and return what they say, or None if a field has an error.

    Raises:
        ForbiddenError: whoever asks may not start anything, and so may not look at files either.
    """
    access.check_may_change()
    what = markup.box("1 · What the network should learn")
    where = markup.box("2 · The networks to choose from")
    spend = markup.box("3 · What it may cost")
    slots.below("general")
    markup.label("everything else has a default")
    certify = st.expander("Question: goal, ε, weights, size, assumptions")
    teach = st.expander("Training: steps, seeds, source network, teacher")
    advanced = st.expander("Latency, name and random seed")
    space = attempt(slots, "space", lambda: _space(where, slots))
    task = attempt(slots, "task", lambda: _task(what, slots))
    name = attempt(slots, "name", lambda: _name(advanced, slots, task, space))
    search = attempt(slots, "search", lambda: _search(spend, certify, teach, advanced, slots))
    size = attempt(slots, "size", lambda: _size(certify, slots, space))
    training = attempt(slots, "training", lambda: _training(teach, slots))
    workers = attempt(slots, "workers", lambda: _workers(teach, slots))
    latency = attempt(slots, "latency", lambda: _latency(advanced, slots))
    if not (space and task and name and search and size and training and workers and latency):
        return None
    study = StudySpec(
        name=name,
        space=space.to_dict(),
        task=task,
        training=training,
        latency=latency,
        search=search,
        size=size,
    )
    return Filled(study, workers)


def attempt(slots: Slots, scope: str, make: Callable[[], T]) -> T | None:
    """Make a part, or show the error in its place and return None."""
    try:
        return make()
    except BortError as error:
        slots.show(error, scope=scope)
        return None


def _space(box: DeltaGenerator, slots: Slots) -> SearchSpace:
    with box:
        choice = st.selectbox(
            "Search space",
            [*SPACE_NAMES, OWN_SPACE],
            index=SPACE_NAMES.index(SPACE),
            key="space",
            persist_state="session",
        )
        given = None
        if choice == OWN_SPACE:
            given = uploads.ask("Space as TOML", endings=["toml"], key="space-file")
        slots.below("space")
        if choice == OWN_SPACE and given is None:
            st.code(EXAMPLE_SPACE, language="toml")
            raise InvalidFieldError("space", "no space yet; upload a TOML file like the one below")
        space = parse_space(uploads.text_of(given), given.name) if given else load_space(choice)
        counts = space.parameter_count
        range_ = f"{counts.min() / 1e6:.2f} to {counts.max() / 1e6:.2f} M parameters"
        if len(space.parts) == 1:
            markup.note(f"{len(space):,} architectures of {range_}: {_dimensions(space.parts[0])}.")
        else:
            markup.note(
                f"{len(space):,} architectures of {range_}, of {len(space.parts)} families."
            )
            for part in space.parts:
                markup.note(f"{part.family_name}: {_dimensions(part)}.")
    return space


def _dimensions(space: FamilySpace) -> str:
    return "; ".join(
        f"{name} {', '.join(map(str, values))}" for name, values in space.dimensions.items()
    )


def _task(box: DeltaGenerator, slots: Slots) -> TaskSpec:
    with box:
        known = {info.name: info for info in list_tasks()}
        choice = st.selectbox(
            "Task", [*known, OWN_PATH, OWN_UPLOAD, OWN_HUB], key="task", persist_state="session"
        )
        is_own = choice not in known
        path = choice
        if choice == OWN_PATH:
            path = st.text_input(
                "Path", key="path", persist_state="session", placeholder="reviews.csv"
            )
        elif choice == OWN_UPLOAD:
            given = uploads.ask(
                "CSV, TSV, JSONL or Parquet", endings=uploads.DATA_ENDINGS, key="task-file"
            )
            path = str(uploads.keep(given)) if given else ""
        elif choice == OWN_HUB:
            path = _of_hub()
        slots.below("task")
        if not is_own:
            _introduce(known[choice])
        found = own_data.preview(path) if is_own and path else None
        if found is None:
            form = Form(slots, TASK, scope="task")
        else:  # the columns of each file have lists of their own
            start = {"text": found.text, "label": found.label}
            form = Form(
                slots,
                TASK,
                scope=f"task:{path}",
                start={name: value for name, value in start.items() if value},
                choices=own_data.choices(found),
            )
        if is_own:
            form.row("text", "label")
        with st.expander(
            "Only some of the rows or labels" if is_own else "Only some of the labels"
        ):
            form.row("labelled")
            if is_own and not own_data.is_on_hub(path):
                form.row("split_column", "where")
        spec = TASK.build(form.given(), task=path)
        if found is not None:
            own_data.look(spec, found.count)
    return spec


def _of_hub() -> str:
    name = st.text_input(
        "Id of the data set",
        key="hub-id",
        persist_state="session",
        placeholder="owner/name, or owner/name:configuration",
    )
    name = (name or "").strip().removeprefix(PREFIX)
    return f"{PREFIX}{name}" if name else ""


def _introduce(task: TaskInfo) -> None:
    state = "prepared" if task.prepared else "downloaded from the package index when first used"
    markup.note(f"{task.title}: {task.rows:,} texts, {len(task.class_names)} classes; {state}.")


def _name(
    box: DeltaGenerator, slots: Slots, task: TaskSpec | None, space: SearchSpace | None
) -> str | None:
    with box:
        name = st.text_input(
            "Name of the study",
            key="name",
            persist_state="session",
            placeholder="built from task and space",
        )
        slots.below("name")
    if name:
        return check_name(name)
    return None if task is None or space is None else suggest_name(task.task, space.name)


def _search(
    spend: DeltaGenerator,
    box: DeltaGenerator,
    teach: DeltaGenerator,
    advanced: DeltaGenerator,
    slots: Slots,
) -> SearchSpec:
    """Show the fields for what to spend and what to certify, and how many to train at once."""
    form = Form(slots, QUESTION, BUDGET, scope="search", start=FORM_PRESET)
    with spend:
        form.row("budget", "minutes")
    with box:
        form.row("goal", "epsilon", widths=[2, 1])
        form.row("weights")
        form.row("lipschitz", "slack", "confidence")
        form.row("challenges", "spot_checks")
    with advanced:
        form.row("seed")
    with teach:
        form.row("parallel")
    given = form.given()
    return BUDGET.build(given, question=QUESTION.build(given))


def _size(box: DeltaGenerator, slots: Slots, space: SearchSpace | None) -> SizeSpec:
    """Show the field for what size means, and how large the architectures are then."""
    form = Form(slots, SIZE, scope="size")
    with box:
        form.row("size")
        slots.below("size")
        size = SIZE.build(form.given())
        if space is not None:
            markup.note(size_range(sizes_of(space, size), size.unit))
    return size


def _training(box: DeltaGenerator, slots: Slots) -> TrainingSpec:
    """Show the fields for training candidates."""
    form = Form(slots, TRAINING, scope="training", start=FORM_PRESET)
    with box:
        form.row("steps", "seeds", "batch_size")
        form.row("initialise", "source", "teacher")
        form.row("learning_rates", "max_length", "device", "threads")
    return TRAINING.build(form.given())


def _workers(box: DeltaGenerator, slots: Slots) -> WorkersSpec:
    """Show the field for who trains."""
    form = Form(slots, WORKERS, scope="workers")
    with box:
        form.row("workers")
    return WORKERS.build(form.given())


def _latency(box: DeltaGenerator, slots: Slots) -> LatencySpec:
    """Show the fields for the latency to minimise."""
    profiles = readings.store().profile_dates()
    form = Form(
        slots,
        LATENCY,
        scope="latency",
        choices={
            "runtime": {name: name for name in RUNTIME_NAMES},
            "latency_profile": {name: name for name in profiles},
        },
    )
    with box:
        form.row("text_to_label")
        has_texts = bool(form.entered["text_to_label"])
        length = () if has_texts else ("latency_length",)
        form.row("runtime", "latency_batch", *length, "latency_profile")
    return LATENCY.build(form.given(), threads=st.session_state.get("training.threads"))
