"""`bort finetune`: from picked points of a front to trained models."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError
from bort.core.finetune import DONORS, LOGGERS, STAGES, TEXTS, FineTuneSpec, Recipe
from bort.core.parsing import parse_learning_rates
from bort.core.study import LARGEST_SEED, TaskSpec

if TYPE_CHECKING:
    from bort.finetuning.plan import FineTunePlan
    from bort.storage import Store

ALL_TASKS = "all"
_DEFAULT = Recipe()


@click.command()
@click.option("--study", metavar="NAME", help="Study to pick from [default: the latest].")
@click.option("--best", is_flag=True, help="Pick the study's best point.")
@click.option("--pick", metavar="ID[,ID]", help="Pick architectures by id, such as 4-12-192-384.")
@click.option(
    "--task",
    metavar="NAME|FILE|all",
    help="Another task, or all named ones [default: the study's].",
)
@click.option("--text", metavar="COLUMN[,COLUMN]", help="Of a file [default: the study's].")
@click.option("--label", metavar="COLUMN", help="Of a file [default: the study's].")
@click.option("--seeds", default=1, show_default=True, help="Trainings per pick and task.")
@click.option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    default=0,
    show_default=True,
    help="The first seed.",
)
@click.option(
    "--stages",
    default=",".join(_DEFAULT.stages),
    show_default=True,
    metavar=",".join(STAGES),
    help="What to do, always in this order.",
)
@click.option("--epochs", type=float, metavar="E", help="Of fine-tuning [default: 4].")
@click.option("--steps", type=int, metavar="N", help="Of fine-tuning, instead of --epochs.")
@click.option("--distil-epochs", type=float, metavar="E", help="Of distillation [default: 1].")
@click.option("--distil-steps", type=int, metavar="N", help="Instead of --distil-epochs.")
@click.option(
    "--distil-from",
    default=_DEFAULT.distil_from,
    show_default=True,
    metavar="|".join(DONORS),
    help="Whose inner states to follow.",
)
@click.option(
    "--copies",
    default=_DEFAULT.copies,
    show_default=True,
    help="Made-up texts per training text, for distillation.",
)
@click.option(
    "--other-tasks/--no-other-tasks",
    default=True,
    help="Distil on the training texts of the other prepared tasks too.",
)
@click.option(
    "--texts",
    default=_DEFAULT.texts,
    show_default=True,
    metavar="|".join(TEXTS),
    help="What to fine-tune on.",
)
@click.option("--learning-rates", metavar="R,...", help="Of fine-tuning; the best on dev counts.")
@click.option("--distil-learning-rate", type=float, metavar="R")
@click.option("--batch-size", default=_DEFAULT.batch_size, show_default=True)
@click.option("--temperature", default=_DEFAULT.temperature, show_default=True)
@click.option(
    "--hard", default=_DEFAULT.hard, show_default=True, help="Share of the true labels, 0 to 1."
)
@click.option("--patience", default=_DEFAULT.patience, show_default=True, help="Looks at dev.")
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: the study's].")
@click.option("--runtimes", metavar="NAME,...", help="Latencies to measure [default: the study's].")
@click.option("--compare/--no-compare", default=True, help="Train the baselines too.")
@click.option(
    "--log",
    "loggers",
    metavar=f"{','.join(LOGGERS)}|none",
    help="Where curves go besides [default: tensorboard, if installed].",
)
@click.option("--plan", "only_plan", is_flag=True, help="Say what it will cost, and stop.")
@click.option("--detach", is_flag=True, help="Start the job in the background and return its id.")
@options.store_url
@options.as_json
def finetune(**given: Any) -> None:
    """Train picked architectures properly, and tell what they came to.

    Distils on unlabelled and made-up texts, fine-tunes with the teacher's answers, then judges on
    the audit split, which nothing was chosen by, and measures latency beside the teacher's. An
    interrupted job goes on with `bort jobs resume`, with the same result.

    \b
    Examples:
      bort finetune --best
      bort finetune --study reviews --pick 2-12-288-768,1-12-192-384 --seeds 3
      bort finetune --best --stages finetune --epochs 6 --no-compare --json
      bort finetune --best --task all --detach
    """
    from bort import jobs
    from bort.core.serialise import from_json
    from bort.finetuning.plan import check_disk_space, check_finetune, plan_finetune
    from bort.finetuning.realised import Realised
    from bort.report.jobs import progress
    from bort.report.models import plan_sentence, print_models
    from bort.storage import open_store

    with open_store(given["store_url"]) as store:
        spec = _spec(store, given)
        tasks = check_finetune(spec)
        plan = plan_finetune(store, spec, tasks)
        check_disk_space(plan)
        if untrained := _untrained(store, spec):
            click.echo(
                f"note: the search never trained {', '.join(untrained)}, so there is no predicted "
                "error to compare with",
                err=True,
            )
        if given["only_plan"]:
            _print_plan(plan, given["as_json"])
            return
        click.echo(plan_sentence(plan), err=True)
        if given["detach"]:
            job = jobs.start_detached(store, "finetune", spec.to_dict(), study=spec.study)
            click.echo(f"Job {job} fine-tunes: bort jobs show {job}", err=True)
            if given["as_json"]:
                options.print_json({"job": job, "study": spec.study})
            return
        with progress(f"Fine-tuning {', '.join(spec.picks)}") as on_step:
            answer = jobs.run_here(
                store, "finetune", spec.to_dict(), study=spec.study, on_step=on_step
            )
    if given["as_json"]:
        options.print_json(answer)
        return
    print_models([from_json(Realised, row, what="the answer") for row in answer["models"]])


def _spec(store: "Store", given: dict[str, Any]) -> FineTuneSpec:
    """The job that the options describe."""
    from dataclasses import replace

    from bort.finetuning.loggers import default_loggers
    from bort.latency.workload import check_threads
    from bort.studies.answers import latest_study, read_answer

    study = store.study(given["study"] or latest_study(store)).spec
    training = study.training
    if given["threads"] is not None:
        check_threads(given["threads"])
        training = replace(training, threads=given["threads"])
    runtimes = _names(given["runtimes"]) or (study.latency.runtime,)
    loggers = default_loggers() if given["loggers"] is None else _names(given["loggers"])
    return FineTuneSpec(
        study=study.name,
        picks=_picks(given, read_answer(store, study.name) if given["best"] else None),
        tasks=_tasks(given, study.task),
        training=training,
        latency=study.latency,
        space=study.space,
        runtimes=runtimes,
        recipe=_recipe(given),
        seeds=given["seeds"],
        seed=given["seed"],
        compare=given["compare"],
        loggers=() if loggers == ("none",) else loggers,
    )


def _untrained(store: "Store", spec: FineTuneSpec) -> list[str]:
    """Picks of the space that the study has no error of."""
    from bort.studies.answers import read_answer

    known = {point.id for point in read_answer(store, spec.study).points}
    return [pick for pick in spec.picks if pick not in known]


def _picks(given: dict[str, Any], answer: Any) -> tuple[str, ...]:
    if given["best"] == bool(given["pick"]):
        raise InvalidOptionError(
            "name either --best or --pick ID[,ID]; `bort front` lists the points of a study"
        )
    if given["pick"]:
        return tuple(dict.fromkeys(_names(given["pick"])))
    if answer.best is None:
        raise InvalidOptionError(
            f"the study {answer.study!r} has no best point yet; search first, or name --pick ID"
        )
    return (answer.best.id,)


def _tasks(given: dict[str, Any], own: TaskSpec) -> tuple[TaskSpec, ...]:
    from bort.tasks import list_tasks

    asked = given["task"]
    text, label = _names(given["text"]) or own.text, given["label"] or own.label
    is_file = asked not in (None, ALL_TASKS) and Path(asked).suffix
    if (given["text"] or given["label"]) and not is_file:
        raise InvalidOptionError("--text and --label name columns of a file; give it with --task")
    if asked is None:
        return (own,)
    if asked == ALL_TASKS:
        return tuple(TaskSpec(task=info.name, seed=own.seed) for info in list_tasks())
    path = Path(asked).expanduser()
    task = str(path.absolute()) if path.exists() else asked  # resumed in another folder, perhaps
    return (TaskSpec(task=task, text=text, label=label, seed=own.seed),)


def _recipe(given: dict[str, Any]) -> Recipe:
    for steps, epochs in (("steps", "epochs"), ("distil_steps", "distil_epochs")):
        if given[steps] is not None and given[epochs] is not None:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in (steps, epochs))
            raise InvalidOptionError(f"{names} say two things about the length; leave one out")
    stages = _names(given["stages"])
    for name in ("distil_steps", "distil_epochs", "distil_learning_rate"):
        if given[name] is not None and "distil" not in stages:
            option = f"--{name.replace('_', '-')}"
            raise InvalidOptionError(f"{option} is for the stage distil, which --stages leaves out")
    asked = {
        "stages": stages,
        "learning_rates": parse_learning_rates(given["learning_rates"] or ""),
        **{
            name: given[name]
            for name in (
                *("steps", "epochs", "distil_steps", "distil_epochs", "distil_from", "copies"),
                *("other_tasks", "texts", "distil_learning_rate", "batch_size", "temperature"),
                *("hard", "patience"),
            )
            if given[name] is not None
        },
    }
    return Recipe(**asked)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _print_plan(plan: "FineTunePlan", as_json: bool) -> None:
    from bort.core.serialise import to_json
    from bort.report.models import basis, plan_sentence

    if as_json:
        options.print_json({**to_json(plan), "basis": basis(plan)})
    else:
        click.echo(plan_sentence(plan))
