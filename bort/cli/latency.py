"""`bort latency`: measure this machine and show measurements."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.cli.latency_measure import measure
from bort.core.fields import read
from bort.studies.parts import WORKLOAD

if TYPE_CHECKING:
    from bort.latency.profile import LatencyProfile
    from bort.storage import Store


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


latency.add_command(measure)


@latency.command()
@click.argument("first", metavar="[A]", required=False)
@click.argument("second", metavar="[B]", required=False)
@click.option(
    "--export", type=click.Path(path_type=Path), metavar="FILE", help="Write A to a JSON file."
)
@options.store_url
@options.as_json
def show(
    first: str | None,
    second: str | None,
    export: Path | None,
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
    from bort.latency.runs.landmarks import LandmarkTiming, check_landmarks
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
