"""`bort latency`: measure this machine, and read what was measured."""

import contextlib
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.measure.runtimes import RUNTIME_NAMES

if TYPE_CHECKING:
    from bort.measure.latency import MeasureStep
    from bort.measure.profile import LatencyProfile
    from bort.storage import Store


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@click.group()
def latency() -> None:
    """Measure this machine, and read what was measured.

    \b
    Examples:
      bort latency measure
      bort latency measure --space bort --count 60 --sequence-length 128 --out here.json
      bort latency show
      bort latency show here.json there.json
      bort latency landmarks
    """


@latency.command()
@click.option("--space", default="minilm", show_default=True, metavar="NAME|FILE.toml")
@click.option("--count", default=48, show_default=True, help="Architectures to measure.")
@click.option(
    "--runtime",
    default="torch-float32",
    show_default=True,
    metavar="NAME",
    help=f"One of {', '.join(RUNTIME_NAMES)}.",
)
@click.option("--batch-size", default=1, show_default=True, help="Texts per forward pass.")
@click.option("--sequence-length", default=32, show_default=True, help="Tokens per text.")
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores].")
@click.option("--seed", default=0, show_default=True, help="Chooses and orders architectures.")
@click.option("--name", metavar="NAME", help="Name in the store [default: space, runtime, time].")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Export as JSON too.")
@click.option("--wait", is_flag=True, help="Wait while another process measures.")
@options.store_url
@options.as_json
def measure(
    space: str,
    count: int,
    out: Path | None,
    name: str | None,
    wait: bool,
    seed: int,
    store_url: str | None,
    as_json: bool,
    **workload: Any,
) -> None:
    """Measure COUNT architectures and fit a model that predicts the others.

    Random weights, real forward passes: warmed up, interleaved in rounds, with a check before
    and after that the machine is quiet. Half of the architectures (32 at most) fit the model,
    the others judge it. Trainings of this program pause meanwhile; close what else works hard.
    The result is stored, and a search on this machine uses it. Ctrl-C keeps what was measured.

    \b
    Examples:
      bort latency measure
      bort latency measure --space minilm --count 56 --sequence-length 128 --json
      bort latency measure --runtime onnx-int8 --threads 1 --name laptop-int8 --out laptop.json
    """
    from bort.cli import latency_report
    from bort.families import load_space
    from bort.measure.latency import measure as steps_of
    from bort.measure.latency import profile_key, write_profile
    from bort.storage import open_store
    from bort.study import LatencySpec

    spec = LatencySpec(**workload)
    searched = load_space(space)
    with open_store(store_url) as store:
        _check_targets(store, name, out)
        with _interrupts() as stopped:
            steps = steps_of(
                searched,
                spec,
                count=count,
                seed=seed,
                name=name,
                wait=wait,
                should_stop=lambda: bool(stopped),
            )
            profile = _last(latency_report.watched(steps))
        if profile is None:
            raise click.Abort
        # One that was stopped early is found by name only: searches shall not rely on it.
        key = profile_key(searched, spec) if profile.complete else None
        store.put_profile(profile.to_dict(), profile.name, key=key)
    if out is not None:
        write_profile(profile, out)
    latency_report.warn(profile.noise, rounds=profile.rounds, complete=profile.complete)
    if as_json:
        options.print_json(profile.to_dict())
    else:
        latency_report.print_profile(profile)


@latency.command()
@click.argument("first", metavar="[A]", required=False)
@click.argument("second", metavar="[B]", required=False)
@options.store_url
@options.as_json
def show(first: str | None, second: str | None, store_url: str | None, as_json: bool) -> None:
    """List the stored profiles, show one, or compare two.

    A and B are names of stored profiles or exported files.

    \b
    Examples:
      bort latency show
      bort latency show laptop-int8
      bort latency show laptop.json server.json --json
    """
    from bort.cli import latency_report
    from bort.measure import compare
    from bort.storage import open_store

    with open_store(store_url) as store:
        if first is None:
            answer = {"profiles": [compare.summary(profile) for profile in _stored(store)]}
            show_it = latency_report.print_list
        elif second is None:
            answer = compare.described(_profile(store, first))
            show_it = latency_report.print_described
        else:
            answer = compare.compared(_profile(store, first), _profile(store, second))
            show_it = latency_report.print_compared
    if as_json:
        options.print_json(answer)
    else:
        show_it(answer)


@latency.command()
@click.option("--runtime", default="torch-float32", show_default=True, metavar="NAME")
@click.option("--batch-size", default=1, show_default=True, help="Texts per forward pass.")
@click.option("--sequence-length", default=32, show_default=True, help="Tokens per text.")
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores].")
@click.option("--wait", is_flag=True, help="Wait while another process measures.")
@options.as_json
def landmarks(wait: bool, as_json: bool, **workload: Any) -> None:
    """Time well-known models here, beside what was published of them.

    BERT-large, BERT-base, DistilBERT, Bort, MiniLM-L6 and TinyBERT-4, with random weights.

    \b
    Examples:
      bort latency landmarks
      bort latency landmarks --sequence-length 128 --threads 1 --json
    """
    from bort.cli import latency_report
    from bort.measure.landmarks import time_landmarks
    from bort.study import LatencySpec

    with _interrupts() as stopped:
        steps = time_landmarks(
            LatencySpec(**workload), wait=wait, should_stop=lambda: bool(stopped)
        )
        result = None
        for step in latency_report.watched(steps):
            result = step.result
    if result is None:
        raise click.Abort
    timing = result.timing
    latency_report.warn(timing.noise, rounds=timing.rounds, complete=timing.complete)
    if as_json:
        options.print_json(result.to_dict())
    else:
        latency_report.print_landmarks(result.to_dict())


def _check_targets(store: "Store", name: str | None, out: Path | None) -> None:
    """Find out before a minute of measuring, not after."""
    from bort.errors import InvalidProfileError

    if name is not None:
        if not NAME.fullmatch(name):
            raise InvalidProfileError(
                f"{name!r} cannot name a profile; use letters, digits, dots, dashes and "
                "underscores, beginning with a letter or digit, 80 at most"
            )
        if name in {record.name for record in store.profiles()}:
            raise InvalidProfileError(
                f"a latency profile named {name!r} is stored already, and studies may use it; "
                "choose another name"
            )
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise InvalidProfileError(f"{out} cannot be written; name a file in a folder that exists")


def _last(steps: "Iterator[MeasureStep]") -> "LatencyProfile | None":
    profile = None
    for step in steps:
        profile = step.profile
    return profile


def _stored(store: "Store") -> "list[LatencyProfile]":
    from bort.measure.profile import LatencyProfile

    return [
        LatencyProfile.from_dict(record.profile, origin=f"the stored profile {record.name!r}")
        for record in store.profiles()
    ]


def _profile(store: "Store", name_or_file: str) -> "LatencyProfile":
    """A file where there is one, or where it looks like one; else a stored profile."""
    from bort.measure.profile import read_profile
    from bort.measure.stored import named_profile

    path = Path(name_or_file)
    if path.is_file() or path.suffix == ".json" or len(path.parts) > 1:
        return read_profile(path)
    return named_profile(store, name_or_file)


@contextlib.contextmanager
def _interrupts() -> Iterator[list[bool]]:
    """The first Ctrl-C asks to stop, the second one interrupts; not empty means asked."""
    asked: list[bool] = []

    def ask(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if asked:
            raise KeyboardInterrupt
        asked.append(True)
        click.echo("stopping after this run; once more to interrupt", err=True)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
