"""`bort latency`: measure this machine and show measurements."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError
from bort.core.fields import read
from bort.core.files import check_output
from bort.core.kinds import flag
from bort.core.locks import check_not_measuring
from bort.core.measuring import WinnersSpec
from bort.studies.parts import LENGTHS, MEASURE, WINNERS, WORKLOAD

if TYPE_CHECKING:
    from bort.latency.profile import LatencyProfile
    from bort.storage import Store

_MEASUREMENT = (MEASURE, LENGTHS, WORKLOAD)
_SETTLED_BY_STUDY = {"space"}.union(*(part.fields for part in _MEASUREMENT)) - {*WINNERS.fields}


@click.group()
def latency() -> None:
    """Measure the latency of models on this machine, and show measurements.

    \b
    Examples:
      bort latency measure
      bort latency measure --space bort --count 60 --sequence-length 128 --out here.json
      bort latency show
      bort latency show here.json there.json
      bort latency import laptop.json
      bort latency landmarks
    """


@latency.command(cls=options.Command)
@click.option("--study", metavar="NAME", help="Measure this study's front instead of a sample.")
@options.space
@options.asks(*_MEASUREMENT)
@click.option("--wait", is_flag=True, help="Wait if another process is measuring.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Also write the profile as JSON."
)
@options.force
@options.store_url
@options.as_json
@click.pass_context
def measure(
    context: click.Context,
    /,
    study: str | None,
    space: str,
    wait: bool,
    out: Path | None,
    force: bool,
    store_url: str | None,
    as_json: bool,
    **texts: Any,
) -> None:
    """Measure architectures of a space, and fit a model that predicts the others.

    Runs real forward passes of models with random weights, warmed up and interleaved in rounds, and
    checks throughout that two architectures can be told apart. Milliseconds are stated at the pace
    at which this machine was first measured. Bort's own trainings pause meanwhile; close other
    programs that use much CPU. The profile is stored, and searches on this machine use it. Ctrl-C
    keeps what has been measured.

    With --study, measures the architectures on that study's front with its runtime and workload,
    for at most a minute by default, and compares them with the predictions.

    \b
    Examples:
      bort latency measure
      bort latency measure --space minilm --count 56 --sequence-length 128 --json
      bort latency measure --sequence-length 128 --minutes 15
      bort latency measure --runtime onnx-int8 --threads 1 --name laptop-int8 --out laptop.json
      bort latency measure --lengths-from movie-reviews --name as-in-reviews
      bort latency measure --study quick
    """
    from bort.families import load_space
    from bort.latency.profile import write_profile
    from bort.report import latency as latency_report
    from bort.storage import open_store
    from bort.studies.measuring import describe_measurement

    given = read(texts, *_MEASUREMENT)
    options.offer_example(study, store_url)
    if out is not None:
        check_output(out, force=force)
    if not wait:
        check_not_measuring()
    with open_store(store_url) as store:
        if study is None:
            spec = replace(describe_measurement(store, load_space(space), given), wait=wait)
            profile = _measured(store, "latency", spec.to_dict(), f"Measuring {space}")
        else:
            _check_alone(context)
            winners: WinnersSpec = replace(WINNERS.build(given, study=study), wait=wait)
            store.study(study)
            profile = _measured(store, "winners", winners.to_dict(), f"Measuring {study}")
    if out is not None:
        write_profile(profile, out)
    latency_report.warn(
        profile.noise, rounds=profile.rounds, complete=profile.complete, minutes="--minutes"
    )
    if as_json:
        options.print_json(profile.to_dict())
    else:
        latency_report.print_measured(profile)


def _check_alone(context: click.Context) -> None:
    """Reject options that a study already determines."""
    for name in sorted(_SETTLED_BY_STUDY & options.given_options(context)):
        option = flag(name)
        raise InvalidOptionError(
            f"{option} cannot be used with --study, whose profile determines the runtime "
            f"and workload and whose front determines the models; leave {option} out"
        )


def _measured(store: "Store", kind: str, spec: dict[str, Any], title: str) -> "LatencyProfile":
    """Run a measurement as a job, and read what it has stored, also if it was stopped early."""
    from bort import jobs
    from bort.latency.stored import named_profile
    from bort.report.job_terminal import progress

    try:
        with progress(title) as on_step:
            answer = jobs.run_here(store, kind, spec, on_step=on_step)
    except jobs.JobCancelledError as error:
        answer = dict(error.result or {})
        if answer.get("profile") is None:
            raise
        click.echo(f"note: {error}", err=True)
    return named_profile(store, answer["profile"])


@latency.command()
@click.argument("first", metavar="[A]", required=False)
@click.argument("second", metavar="[B]", required=False)
@click.option(
    "--export", type=click.Path(path_type=Path), metavar="FILE", help="Write A to a JSON file."
)
@options.force
@options.store_url
@options.as_json
def show(
    first: str | None,
    second: str | None,
    export: Path | None,
    force: bool,
    store_url: str | None,
    as_json: bool,
) -> None:
    """List the stored profiles, show one, or compare two.

    A and B are stored profiles or exported files.

    \b
    Examples:
      bort latency show
      bort latency show laptop-int8
      bort latency show laptop-int8 --export laptop.json
      bort latency show laptop.json server.json --json
    """
    from bort.core.errors import InvalidOptionError
    from bort.latency import compare
    from bort.latency.profile import write_profile
    from bort.latency.stored import stored_profiles
    from bort.report import latency as latency_report
    from bort.storage import open_to_read

    if export is not None and (first is None or second is not None):
        raise InvalidOptionError("--export writes one profile; name exactly one")
    if export is not None:
        check_output(export, force=force)
    with open_to_read(store_url) as store:
        if export is not None and first is not None:
            write_profile(_profile(store, first), export)
        named = [_profile(store, name) for name in (first, second) if name is not None]
        found = named or stored_profiles(store)
    match named:
        case [a, b] if as_json:
            options.print_json(compare.compare(a, b).to_dict())
        case [a, b]:
            latency_report.print_compared(compare.compare(a, b))
        case [profile] if as_json:
            options.print_json(compare.described(profile))
        case [profile]:
            latency_report.print_profile(profile, compare.differences_from_here(profile))
        case _ if as_json:
            options.print_json({"profiles": [compare.summary(profile) for profile in found]})
        case _:
            here = [not compare.differences_from_here(profile) for profile in found]
            latency_report.print_list(list(zip(found, here, strict=True)))


@latency.command(name="import")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--name", metavar="NAME", help="Name in the store [default: the name in the file].")
@options.store_url
@options.as_json
def bring(file: Path, name: str | None, store_url: str | None, as_json: bool) -> None:
    """Store an exported profile, for example from another machine, for searches to use by name.

    \b
    Examples:
      bort latency import laptop.json
      bort latency import server.json --name server
      bort search --latency-profile server
    """
    from bort.latency import compare
    from bort.latency.profile import read_profile
    from bort.latency.stored import import_profile
    from bort.report import latency as latency_report
    from bort.storage import open_store

    with open_store(store_url) as store:
        profile = import_profile(store, read_profile(file), name)
    if as_json:
        options.print_json(compare.described(profile))
    else:
        latency_report.print_imported(profile)


@latency.command(cls=options.Command)
@options.asks(WORKLOAD)
@options.store_url
@options.as_json
def landmarks(store_url: str | None, as_json: bool, **texts: Any) -> None:
    """Time well-known models on this machine and compare them with their published latencies.

    Times BERT-large, BERT-base, DistilBERT, Bort, MiniLM-L6 and TinyBERT-4 with random weights, all
    in the same rounds. The page "This machine" also shows the latest result.

    \b
    Examples:
      bort latency landmarks
      bort latency landmarks --sequence-length 128 --threads 1 --json
    """
    from bort import jobs
    from bort.latency.landmarks import LandmarkTiming, check_landmarks
    from bort.report import latency as latency_report
    from bort.report.job_terminal import progress
    from bort.storage import open_store

    spec = WORKLOAD.build(read(texts, WORKLOAD))
    check_landmarks(spec)
    with open_store(store_url) as store, progress("Landmarks") as on_step:
        answer = jobs.run_here(store, "landmarks", {"latency": spec.to_dict()}, on_step=on_step)
    found = LandmarkTiming.from_dict(answer)
    latency_report.warn(found.noise)
    if as_json:
        options.print_json(answer)
    else:
        latency_report.print_landmarks(found)


def _profile(store: "Store", name_or_file: str) -> "LatencyProfile":
    """Read a profile from a file if the name is or looks like a path, else from the store."""
    from bort.latency.profile import read_profile
    from bort.latency.stored import named_profile

    path = Path(name_or_file)
    if path.is_file() or path.suffix == ".json" or len(path.parts) > 1:
        return read_profile(path)
    return named_profile(store, name_or_file)
