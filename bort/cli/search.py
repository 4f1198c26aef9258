"""`bort search`: start a study, or go on with it, and read its front."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bort.cli import options
from bort.cli import table as tables
from bort.core.errors import BusyError
from bort.core.parsing import parse_epsilon, parse_learning_rates, parse_lipschitz, parse_weights
from bort.core.question import Goal, Question
from bort.core.study import (
    DEVICES,
    INITIALISATIONS,
    LatencySpec,
    SearchSpec,
    StudySpec,
    TrainingSpec,
    check_audit,
    check_name,
    suggest_name,
)

if TYPE_CHECKING:
    from bort.storage import Store
    from bort.studies.answers import StudyAnswer, TableAnswer

# A preset is a set of option values; what is typed beside it wins.
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {"epsilon": "0.1", "budget": 12},
    "thorough": {"epsilon": "0.1", "budget": 96, "seeds": 3, "steps": 400},
}
ASKED_OF_A_TABLE = (
    *("preset", "goal", "epsilon", "weights", "budget", "lipschitz", "slack", "confidence"),
    *("audit", "seed", "certificate", "as_json"),
)


@click.command()
@click.option("--preset", type=click.Choice(list(PRESETS)), help="A ready set of options.")
@click.option("--study", metavar="NAME", help="Name of the study [default: a new one].")
@tables.table_options
@click.option("--space", default="minilm", show_default=True, metavar="NAME|FILE.toml")
@options.task_options
@click.option(
    "--goal",
    default="cover",
    show_default=True,
    metavar="|".join(Goal),
    help="Cover all trade-offs, find the best W, or evaluate everything.",
)
@click.option("--epsilon", default="0.25", show_default=True, help="Certify within 1+epsilon.")
@click.option(
    "--weights", default="1,1,1", show_default=True, help="Cost weights: size,latency,error."
)
@click.option("--budget", type=int, metavar="N", help="Evaluations at most.")
@click.option("--minutes", type=float, metavar="M", help="Minutes at most.")
@click.option("--lipschitz", metavar="L|NAME=L,...", help="λ, if you know it [default: estimated].")
@click.option("--slack", type=float, metavar="S", help="Use monotone bounds with this slack.")
@click.option("--confidence", type=float, metavar="C", help="Speak of the population, not of dev.")
@click.option(
    "--audit",
    type=int,
    metavar="M",
    help="Test the answer on M architectures drawn at random, once it stands.",
)
@click.option(
    "--include",
    default="",
    metavar="ID,...",
    help="Evaluate these first, 4-8-1024-768 for example; they count as evaluations.",
)
@click.option("--steps", default=200, show_default=True, help="Training steps per candidate.")
@click.option("--batch-size", default=32, show_default=True, help="Texts per training step.")
@click.option(
    "--learning-rates",
    metavar="R,...",
    help="Θ: each is tried, the lowest dev error counts [default: one, by width].",
)
@click.option("--seeds", default=1, show_default=True, help="Trainings per candidate.")
@click.option(
    "--initialise",
    default="inherit",
    show_default=True,
    metavar="|".join(INITIALISATIONS),
    help="Start from the source network's weights, or from scratch.",
)
@click.option("--source", metavar="FOLDER|ID", help="Source network [default: all-MiniLM-L6-v2].")
@click.option("--teacher", metavar="FOLDER|ID", help="Teacher [default: the source, fine-tuned].")
@click.option("--max-length", type=int, metavar="TOKENS", help="[default: 95th percentile]")
@click.option("--device", default="auto", show_default=True, metavar="|".join(DEVICES))
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores].")
@click.option("--runtime", default="torch-float32", show_default=True, help="Latency's runtime.")
@click.option("--latency-batch", default=1, show_default=True, metavar="N")
@click.option("--latency-length", default=32, show_default=True, metavar="TOKENS")
@click.option("--latency-profile", metavar="NAME", help="A stored profile [default: measure once].")
@click.option("--seed", default=0, show_default=True, help="Seed of the search and trainings.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where a search of a table writes its certificate [default: under $BORT_HOME].",
)
@click.option("--detach", is_flag=True, help="Start the job in the background and return its id.")
@options.store_url
@options.as_json
@click.pass_context
def search(context: click.Context, /, **given: Any) -> None:
    """Search a space for its best trade-offs of size, latency and error.

    Trains the architectures that tell most about the others, until every architecture of the
    space is certified within 1+EPSILON of an evaluated one, or the budget is spent. A study of
    the same name and the same options goes on where it stopped.

    \b
    Examples:
      bort search --preset quick
      bort search --epsilon 0.25 --budget 40 --study reviews
      bort search --task reviews.csv --text review --label stars --minutes 30
      bort search --goal best --weights 1,2,1 --detach
      bort search --study reviews --audit 30
      bort search --space bort --include 4-8-1024-768 --budget 12
      bort search --from-table bench.csv --size params --latency ms --error acc --maximise acc
    """
    if given["from_table"]:
        tables.refuse_others(context, ASKED_OF_A_TABLE)
    _apply_preset(context, given)
    answer = _search_table(given) if given["from_table"] else _search_space(given)
    if answer is not None:
        options.show_answer(answer, as_json=given["as_json"])


def _search_table(given: dict[str, Any]) -> "TableAnswer":
    from bort.core.paths import certificates
    from bort.storage import write_json_file
    from bort.studies.answers.table import search_table

    answer, certificate = search_table(*tables.read(given), _search_spec(given))
    if given["audit"] and answer.audit is None:
        click.echo("note: nothing is left to audit, every row was asked", err=True)
    path = given["certificate"]
    if path is None:  # one for each table and question
        name = f"{given['from_table'].stem}-{certificate['digests']['all'][:8]}"
        path = certificates() / name / "certificate.json"
    path = write_json_file(path, certificate)
    return replace(answer, certificate=str(path))


def _search_space(given: dict[str, Any]) -> "StudyAnswer | None":
    """Search here, and read the answer; None where a job in the background searches."""
    from bort import jobs
    from bort.report.jobs import echo, progress
    from bort.report.latency import differences_words
    from bort.storage import check_store, open_store
    from bort.studies.answers import read_answer
    from bort.studies.plan import check_profile, check_study

    check_store(given["store_url"])
    spec = _spec(given)
    spec = check_study(
        spec,
        on_step=echo,
        on_warning=lambda text: click.echo(f"note: {text}", err=True),
    )
    with open_store(given["store_url"]) as store:
        differences = check_profile(store, spec)
        spec = _stored(store, spec, given["study"], given["preset"])
        if differences:
            click.echo(
                f"note: the latency profile {spec.latency.profile} is of another machine or other "
                f"software: {differences_words(differences)}",
                err=True,
            )
        if given["detach"]:
            job = jobs.start_detached(store, "search", spec.to_dict(), study=spec.name)
            click.echo(f"Job {job} searches {spec.name}: bort jobs show {job}", err=True)
            if given["as_json"]:
                options.print_json({"job": job, "study": spec.name})
            return None
        with progress(f"Searching {spec.name}") as on_step:
            jobs.run_here(store, "search", spec.to_dict(), study=spec.name, on_step=on_step)
        return read_answer(store, spec.name)


def _apply_preset(context: click.Context, given: dict[str, Any]) -> None:
    """A preset's values for what was not typed."""
    for name, value in PRESETS.get(given["preset"], {}).items():
        if context.get_parameter_source(name) is ParameterSource.DEFAULT:
            given[name] = value


def _search_spec(given: dict[str, Any]) -> SearchSpec:
    lipschitz = given["lipschitz"]
    return SearchSpec(
        question=Question(
            goal=given["goal"],
            epsilon=parse_epsilon(given["epsilon"]),
            weights=parse_weights(given["weights"]),
            lipschitz=None if lipschitz is None else parse_lipschitz(lipschitz),
            slack=given["slack"],
            confidence=given["confidence"],
        ),
        budget=given["budget"],
        minutes=given["minutes"],
        audit=given["audit"],
        include=tuple(part.strip() for part in given["include"].split(",") if part.strip()),
        seed=given["seed"],
    )


def _spec(given: dict[str, Any]) -> StudySpec:
    """The study that the options describe; its name is settled by `_stored`."""
    from bort.families import load_space

    space = load_space(given["space"])
    if given["audit"] is not None:
        check_audit(given["audit"], len(space))
    return StudySpec(
        name="unnamed",
        search=_search_spec(given),
        training=TrainingSpec(
            steps=given["steps"],
            batch_size=given["batch_size"],
            seeds=given["seeds"],
            learning_rates=parse_learning_rates(given["learning_rates"] or ""),
            initialise=given["initialise"],
            source=given["source"],
            teacher=given["teacher"],
            max_length=given["max_length"],
            device=given["device"],
            threads=given["threads"],
        ),
        latency=LatencySpec(
            runtime=given["runtime"],
            batch_size=given["latency_batch"],
            sequence_length=given["latency_length"],
            threads=given["threads"],
            profile=given["latency_profile"],
        ),
        task=options.task_spec(given["task"], given["text"], given["label"], given["labelled"]),
        space=space.to_dict(),
    )


def _stored(store: "Store", spec: StudySpec, study: str | None, preset: str | None) -> StudySpec:
    """Create the study: under the name given, or under a new one made from what is searched."""
    from bort.jobs import list_jobs

    if study is None:
        name = preset or suggest_name(spec.task.task, spec.space["name"])
        return store.create_numbered_study(replace(spec, name=name)).spec
    active = [job for job in list_jobs(store, study=check_name(study)) if job.state.is_active]
    if active:
        raise BusyError(
            f"job {active[0].id} is searching the study {study!r} already; watch it with "
            f"`bort jobs logs {active[0].id} --follow`, or choose another name with --study"
        )
    return store.create_study(replace(spec, name=study)).spec
