"""`bort agora run`: the options of both kinds of task, and the job they describe."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bort.core.errors import InvalidFieldError, InvalidOptionError
from bort.core.fields import fields_of
from bort.core.study import DEVICES, INITIALISATIONS, TaskSpec, TrainingSpec, check_name

TORUS = "torus"
ARCHITECTURE = "2-2-128-512"
STEPS, CLOSING = 300, 4  # of a round's trainings; the last student has so many times more
_TORUS_ONLY = ("learner",)
_TEXT_ONLY = (
    *("text", "label", "labelled", "architecture", "from_study", "initialise", "steps"),
    *("closing_steps", "batch_size", "learning_rates", "source", "max_length", "device"),
    *("threads", "temperature", "threshold", "hard_labels", "representation", "pool"),
    *("minutes", "trusted_only", "points_per_error", "points_per_round", "patience", "replays"),
)
_SHARED = ("rounds", "points", "radius", "seed")


def run_options(command: Any) -> Any:
    """All options of a run, but for how it is shown."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = [
    click.option(
        "--task",
        default=TORUS,
        show_default=True,
        metavar="torus|NAME|FILE|hub:ID",
        help="Points on a torus, a named task, a data file, or a data set's id.",
    ),
    click.option("--text", default="text", metavar="COLUMN[,COLUMN]", help="[default: text]"),
    click.option("--label", default="label", metavar="COLUMN", help="[default: label]"),
    click.option(
        "--labelled", type=int, metavar="N", help="Labelled training texts; the rest is the pool."
    ),
    click.option("--study", metavar="NAME", help="Name of the run [default: from task, student]."),
    click.option(
        "--learner", metavar="NAME", help="Torus: random-guesser, knn or random-features."
    ),
    click.option(
        "--architecture",
        metavar="D-A-H-I",
        help=f"Student: depth, heads, hidden, intermediate size [default: {ARCHITECTURE}].",
    ),
    click.option(
        "--from-study",
        metavar="STUDY",
        help="Task and student of a search: --architecture ID of it, else its best.",
    ),
    click.option(
        "--initialise", metavar="|".join(INITIALISATIONS), help="First weights [default: scratch]."
    ),
    click.option("--steps", type=int, help="Training steps per round and set [default: 300]."),
    click.option(
        "--closing-steps",
        type=int,
        metavar="N",
        help="Of the last student [default: 4 times --steps].",
    ),
    click.option("--batch-size", type=int, help="Texts per training step [default: 32]."),
    click.option("--learning-rates", metavar="R,...", help="Θ; the worst is dropped each round."),
    click.option("--source", metavar="FOLDER|ID", help="[default: all-MiniLM-L6-v2]"),
    click.option("--max-length", type=int, metavar="TOKENS", help="[default: 95th percentile]"),
    click.option("--device", metavar="|".join(DEVICES), help="[default: auto]"),
    click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores]."),
    click.option(
        "--labeler",
        metavar="NAME|FOLDER|ID",
        help="Texts: teacher, probe, sklearn:CLASS, a classifier's folder or id [default: "
        "teacher, which is fine-tuned in any case: errors are told beside its own]. Torus: oracle, "
        "noisy-oracle, knn, random-features [default: noisy-oracle].",
    ),
    click.option("--temperature", type=float, help="Softens the labeler's answers [default: 1]."),
    click.option("--threshold", type=float, help="Abstain below this confidence [default: 0]."),
    click.option("--hard-labels", is_flag=True, help="Learn classes, not probabilities."),
    click.option(
        "--sampler",
        metavar="NAME",
        help="Texts: mixture, retrieval, edits, mix. Torus: tangent, ball, mixture.",
    ),
    click.option("--pool", metavar="FILE", help="Further unlabelled texts, in columns as the task"),
    click.option(
        "--representation",
        metavar="source|student|words",
        help="Where near is measured [default: source; words for edits, and without a pool].",
    ),
    click.option("--radius", type=float, metavar="R", help="How far from a dev error."),
    click.option(
        "--trusted-only/--all-errors",
        default=True,
        help="Sample near the dev errors that the labeler gets right [default], or near all.",
    ),
    click.option("--rounds", type=int, metavar="N", help="At most [default: torus 8, texts 6]."),
    click.option("--points", type=int, metavar="N", help="Added at most [default: no limit]."),
    click.option("--points-per-error", type=int, metavar="N", help="Proposals [default: 1]."),
    click.option("--points-per-round", type=int, metavar="N", help="Proposals [no limit]."),
    click.option("--minutes", type=float, metavar="M", help="No further round after M minutes."),
    click.option("--patience", type=int, metavar="N", help="Rounds without progress [default: 3]."),
    click.option("--replays", type=int, metavar="N", help="Rounds that may be done anew."),
    click.option("--seed", type=int, help="Of the run [default: 0]."),
]


def job_spec(context: click.Context, given: dict[str, Any], store: Any) -> dict[str, Any]:
    """The job's description; every mistake is found here, before the job begins.

    Raises:
        BortError: one line on what cannot be used.
    """
    typed = {
        name
        for name in given
        if context.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)
    }
    is_torus = given["task"] == TORUS and given["from_study"] is None
    foreign = typed & set(_TEXT_ONLY if is_torus else _TORUS_ONLY)
    if foreign:
        name = sorted(foreign)[0].replace("_", "-")
        kind = "the torus" if is_torus else "texts"
        raise InvalidOptionError(
            f"--{name} does not go with {kind}; leave it out, or name a --task"
        )
    return _torus_spec(given, typed) if is_torus else _text_spec(given, typed, store)


def comparison_spec(spec: dict[str, Any], seeds: int) -> dict[str, Any]:
    """The description of a comparison of the run with plain training and random augmentation.

    Raises:
        InvalidOptionError: the torus, or no seeds.
    """
    if spec["task"] == TORUS:
        raise InvalidOptionError("--ablate compares on texts; name a --task")
    if seeds < 1:
        raise InvalidOptionError(f"--seeds must be 1 or more, got {seeds}")
    return {**spec, "seeds": seeds}


def _torus_spec(given: dict[str, Any], typed: set[str]) -> dict[str, Any]:
    from bort.agora.torus.world import TorusSpec

    names = ("learner", "labeler", "sampler", *_SHARED)
    spec = TorusSpec(**{name: given[name] for name in names if name in typed})
    spec.options()
    study = check_name(given["study"] or f"{TORUS}-{spec.learner}")
    return {"study": study, "task": TORUS, **asdict(spec)}


def _text_spec(given: dict[str, Any], typed: set[str], store: Any) -> dict[str, Any]:
    from bort.agora.text.data import load_texts
    from bort.agora.text.spec import TextSpec, small_space, suggested_study, usual_representation
    from bort.training.source import source_network

    task = _task_spec(given["task"], given["text"], given["label"], given["labelled"])
    training: dict[str, Any] = {"steps": STEPS, "initialise": "scratch"}
    architecture, space = given["architecture"] or ARCHITECTURE, None
    if given["from_study"] is not None:
        task, training, space, architecture = _from_study(given, typed, store)
    training |= {n: given[n] for n in _TRAINING if n in typed}
    if "learning_rates" in typed:
        training["learning_rates"] = fields_of(TrainingSpec)["learning_rates"].parse(
            given["learning_rates"]
        )
    spec_of_training = TrainingSpec(**training)
    if space is None:
        space = small_space(architecture, source_network(spec_of_training.source).config).to_dict()
    names = [n for n in (*_TEXT_ONLY, *_SHARED, "labeler", "sampler") if n not in _ELSEWHERE]
    chosen = {name: given[name] for name in names if name in typed}
    if "pool" in chosen:  # a job may be resumed from another folder
        chosen["pool"] = str(Path(chosen["pool"]).expanduser().absolute())
    spec = TextSpec(
        study=given["study"] or suggested_study(task.task, architecture),
        task=task,
        space=space,
        architecture=architecture,
        training=spec_of_training,
        **({"closing_steps": CLOSING * spec_of_training.steps} | chosen),
    )
    from bort.report.jobs import echo

    read = load_texts(spec, on_step=echo)
    _check(spec, read)
    if "representation" not in typed:
        usual = usual_representation(spec.sampler, has_pool=read.pool is not None)
        spec = replace(spec, representation=usual)
    return spec.to_dict()


_TRAINING = ("initialise", "steps", "batch_size", "source", "max_length", "device", "threads")
_ELSEWHERE = {*_TRAINING, "learning_rates", "text", "label", "labelled", "architecture"} | {
    "from_study"
}


def _from_study(
    given: dict[str, Any], typed: set[str], store: Any
) -> tuple[TaskSpec, dict[str, Any], Any, str]:
    """Task, way of training, space and student of a search."""
    from bort.studies.answers import read_answer

    answer = read_answer(store, given["from_study"])
    architecture = given["architecture"]
    if architecture is None and answer.best is None:
        raise InvalidOptionError(
            f"the study {given['from_study']!r} has evaluated nothing yet; name a student with "
            "--architecture"
        )
    task = answer.spec.task
    if "task" in typed:
        task = _task_spec(given["task"], given["text"], given["label"], None, task.seed)
    if "labelled" in typed:
        task = replace(task, labelled=given["labelled"])
    found = answer.spec.training
    training = {"steps": STEPS, "initialise": found.initialise, "source": found.source}
    chosen = architecture or (answer.best.id if answer.best else "")
    return task, training, answer.spec.space, chosen


def _check(spec: Any, task: Any) -> None:
    """What can be known before Start, so that no job fails for it."""
    if spec.sampler == "retrieval" and task.pool is None:
        raise InvalidFieldError(
            "sampler",
            f"there is no pool to retrieve from: all {len(task.train):,} training texts are "
            "labelled; keep fewer with --labelled, give --pool FILE, or use --sampler edits",
        )
    if spec.teacher_folder is not None:
        from bort.training.fit import label_order, labels_of
        from bort.training.source import model_folder, read_config

        config = read_config(model_folder(spec.teacher_folder), spec.teacher_folder)
        label_order(labels_of(config), task.class_names, spec.teacher_folder)


def _task_spec(task: str, text: str, label: str, labelled: int | None, seed: int = 0) -> TaskSpec:
    columns = tuple(part.strip() for part in text.split(",") if part.strip())
    return TaskSpec(task=task, text=columns, label=label, labelled=labelled, seed=seed)
