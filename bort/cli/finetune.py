"""`bort finetune`: train picked points of a front into models."""

from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError
from bort.core.fields import read
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.kinds import flag
from bort.studies.parts import (
    FINETUNE,
    FINETUNE_TASK,
    FINETUNE_TRAINING,
    FINETUNE_WORKERS,
    RECIPE,
)
from bort.studies.workers import check_workers

if TYPE_CHECKING:
    from bort.finetuning.cost import FineTuneEstimate
    from bort.storage import Store
    from bort.studies.answers import Limits

PARTS = (FINETUNE_TASK, RECIPE, FINETUNE, FINETUNE_WORKERS, FINETUNE_TRAINING)


@click.command(cls=options.Command)
@click.option("--study", metavar="NAME", help="Study to pick from [default: the latest].")
@click.option("--best", is_flag=True, help="Pick the study's best point.")
@click.option(
    "--pick", metavar="ID,...", help="Pick architectures by id, static-8000-64 for example."
)
@click.option(
    "--max-latency-ms",
    type=float,
    metavar="MS",
    callback=options.above_zero,
    help="With --best: pick the most accurate point of at most this many ms per text, as the study "
    "times it.",
)
@click.option(
    "--max-parameters",
    type=int,
    metavar="N",
    callback=options.above_zero,
    help="With --best: pick the most accurate point of at most this many parameters.",
)
@options.asks(*PARTS)
@click.option("--plan", "only_estimate", is_flag=True, help="Print what it would cost and stop.")
@options.detach
@options.store_url
@options.as_json
def finetune(
    study: str | None,
    best: bool,
    pick: str | None,
    max_latency_ms: float | None,
    max_parameters: int | None,
    only_estimate: bool,
    detach: bool,
    store_url: str | None,
    as_json: bool,
    **texts: Any,
) -> None:
    """Train picked architectures properly, and report how good they are.

    Distils on unlabelled and synthetic texts, fine-tunes with the teacher's answers, then evaluates
    on the audit split, which no decision used, and measures latency together with the teacher's.
    `bort jobs resume` continues an interrupted job with the same result.

    \b
    Examples:
      bort finetune --best
      bort finetune --best --max-latency-ms 1
      bort finetune --study reviews --pick static-8000-64,bert-4000-2-6-192-768
      bort finetune --best --stages finetune --epochs 6 --no-compare --json
      bort finetune --best --seeds 3 --parallel 4 --threads 1
      bort finetune --best --task all --detach
    """
    from bort import jobs
    from bort.core.serialise import from_json
    from bort.finetuning.cost import check_disk_space, estimate_finetune
    from bort.finetuning.realised import Realised
    from bort.finetuning.request import check_finetune, untrained_picks
    from bort.report.job_terminal import progress, tell
    from bort.report.models import estimate_sentence, print_models
    from bort.storage import open_store
    from bort.studies.answers import Limits

    given = read(texts, *PARTS)
    limits = Limits(max_latency_ms, max_parameters)
    if pick and limits != Limits():
        raise InvalidOptionError("limits choose the point with --best; leave them out with --pick")
    options.offer_example(study, store_url)
    with open_store(store_url) as store:
        spec = _spec(store, study, limits if best else None, pick, given)
        tasks = check_finetune(
            spec,
            on_warning=options.tell,
        )
        estimate = estimate_finetune(store, spec, tasks)
        check_disk_space(estimate)
        if untrained := untrained_picks(store, spec):
            click.echo(
                f"note: the search never trained {', '.join(untrained)}, so there is no predicted "
                "error to compare with",
                err=True,
            )
        if only_estimate:
            _print_estimate(estimate, as_json)
            return
        workers = FINETUNE_WORKERS.build(given).workers
        check_workers(workers)
        described = {**spec.to_dict(), "workers": workers}
        click.echo(estimate_sentence(estimate), err=True)
        if detach:
            job = jobs.start_detached(store, "finetune", described, study=spec.study)
            click.echo(f"Job {job} fine-tunes: bort jobs show {job}", err=True)
            if as_json:
                options.print_json({"job": job, "study": spec.study})
            return
        with progress(f"Fine-tuning {', '.join(spec.picks)}") as on_step:
            answer = jobs.run_here(
                store,
                "finetune",
                described,
                study=spec.study,
                on_step=on_step,
                on_event=tell,
            )
    if as_json:
        options.print_json(answer)
    else:
        print_models([from_json(Realised, row, what="the answer") for row in answer["models"]])


def _spec(
    store: "Store",
    study: str | None,
    best: "Limits | None",
    pick: str | None,
    given: dict[str, Any],
) -> FineTuneSpec:
    """Build the job from the options.

    Args:
        best: pick the best point within these limits.
    """
    from bort.finetuning.request import best_pick, describe_finetune, named_tasks
    from bort.studies.answers import latest_study

    if (best is not None) == bool(pick):
        raise InvalidOptionError(
            "use either --best or --pick ID,...; `bort front` lists the points of a study"
        )
    name = study or latest_study(store)
    own = store.study(name).spec.task
    chosen = pick if best is None else best_pick(store, name, best)
    picks = (part.strip() for part in (chosen or "").split(","))
    return describe_finetune(
        store,
        name,
        [part for part in picks if part],
        recipe=_recipe(given),
        tasks=named_tasks(
            own,
            *(given.get(option) for option in ("task", "text", "label")),
            split_column=given.get("split_column"),
            where=given.get("where", ()),
        ),
        threads=given.get("threads"),
        runtimes=given.get("runtimes", ()),
        loggers=given.get("log"),
        **{name: given[name] for name in ("seeds", "seed", "compare", "parallel") if name in given},
    )


def _recipe(given: dict[str, Any]) -> Recipe:
    for one, other in (("steps", "epochs"), ("distil_steps", "distil_epochs")):
        if one in given and other in given:
            raise InvalidOptionError(
                f"{flag(one)} and {flag(other)} both set the length; leave one out"
            )
    recipe = RECIPE.build(given)
    for option in ("distil_steps", "distil_epochs", "distil_learning_rate"):
        if option in given and "distil" not in recipe.stages:
            raise InvalidOptionError(
                f"{flag(option)} applies to the distil stage, which --stages leaves out"
            )
    return recipe


def _print_estimate(estimate: "FineTuneEstimate", as_json: bool) -> None:
    from bort.core.serialise import to_json
    from bort.report.models import basis, estimate_sentence
    from bort.report.plan import estimate_plan
    from bort.report.terminal import folded

    if as_json:
        told = {"stages": [stage._asdict() for stage in estimate.stages]}
        options.print_json({**to_json(estimate), **told, "basis": basis(estimate)})
    else:
        click.echo(folded(f"{estimate_sentence(estimate)}. {estimate_plan(estimate)}"))
