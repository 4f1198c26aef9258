"""`bort latency measure`: time architectures of a space, or a study's winners."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bort.cli import options
from bort.core.errors import InvalidOptionError
from bort.core.study import LARGEST_SEED
from bort.latency.runtimes import RUNTIME_NAMES

if TYPE_CHECKING:
    from bort.core.progress import ProgressTo
    from bort.latency.profile import LatencyProfile
    from bort.storage import Store

SETTLED_BY_STUDY = (
    "space", "count", "runtime", "batch_size", "sequence_length", "threads", "lengths_from", "name",
    "new_pace",
)  # fmt: skip


@click.command()
@click.option("--space", default="minilm", show_default=True, metavar="NAME|FILE.toml")
@click.option("--count", default=48, show_default=True, help="Architectures to measure.")
@click.option("--study", metavar="NAME", help="Measure this study's front instead of a sample.")
@click.option(
    "--runtime",
    default="torch-float32",
    show_default=True,
    metavar="NAME",
    help=f"One of {', '.join(RUNTIME_NAMES)}.",
)
@click.option("--batch-size", default=1, show_default=True, help="Texts per forward pass.")
@click.option("--sequence-length", default=32, show_default=True, help="Tokens per text.")
@click.option(
    "--lengths-from",
    metavar="TASK|FILE",
    help="Texts as long as those of this task, instead of one length.",
)
@click.option("--text", default="text", show_default=True, metavar="COLUMN", help="Of that file.")
@click.option("--label", default="label", show_default=True, metavar="COLUMN", help="Of that file.")
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores].")
@click.option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    default=0,
    show_default=True,
    help="Chooses and orders architectures.",
)
@click.option("--name", metavar="NAME", help="Name in the store [default: space, runtime, time].")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Export as JSON too.")
@click.option("--wait", is_flag=True, help="Wait while another process measures.")
@click.option(
    "--new-pace",
    is_flag=True,
    help="Leave this machine's usual pace aside: what is measured now, if quiet, is the new one.",
)
@options.minutes
@options.store_url
@options.as_json
@click.pass_context
def measure(
    context: click.Context,
    /,
    study: str | None,
    out: Path | None,
    store_url: str | None,
    new_pace: bool,
    minutes: float | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Measure COUNT architectures and fit a model that predicts the others.

    Random weights, real forward passes: warmed up, interleaved in rounds, with a check before,
    after and throughout that two architectures can be told apart. Milliseconds are stated at the
    pace at which this machine was measured first. Half of the architectures (32 at most) fit the
    model, the others judge it. Trainings of this program pause meanwhile; close what else works
    hard. The result is stored, and a search on this machine uses it. Ctrl-C keeps what was
    measured. With --study, the architectures on that study's front are measured on its
    runtime and workload, and shown beside what was predicted of them.

    \b
    Examples:
      bort latency measure
      bort latency measure --space minilm --count 56 --sequence-length 128 --json
      bort latency measure --sequence-length 128 --minutes 15
      bort latency measure --runtime onnx-int8 --threads 1 --name laptop-int8 --out laptop.json
      bort latency measure --lengths-from movie-reviews --name as-in-reviews
      bort latency measure --study quick
    """
    from bort.latency.profile import write_profile
    from bort.report import latency as latency_report
    from bort.storage import open_store

    is_length_typed = context.get_parameter_source("sequence_length") is ParameterSource.COMMANDLINE
    if given["lengths_from"] is not None and is_length_typed:
        raise InvalidOptionError(
            "--sequence-length and --lengths-from say two things about the length; leave one out"
        )
    with open_store(store_url) as store:
        _check_out(out)
        with _interrupts() as stopped:
            if study is None:
                profile = _sample(store, stopped, new_pace=new_pace, minutes=minutes, **given)
            else:
                _check_alone(context)
                asked = {"seed": given["seed"], "wait": given["wait"], "minutes": minutes}
                profile = _winners(store, stopped, study, **asked)
    if out is not None:
        write_profile(profile, out)
    latency_report.warn(profile.noise, rounds=profile.rounds, complete=profile.complete)
    if as_json:
        options.print_json(profile.to_dict())
    else:
        latency_report.print_measured(profile)


def _sample(
    store: "Store",
    stopped: list[bool],
    *,
    space: str,
    count: int,
    name: str | None,
    wait: bool,
    seed: int,
    lengths_from: str | None,
    text: str,
    label: str,
    new_pace: bool,
    minutes: float | None,
    **workload: Any,
) -> "LatencyProfile":
    from bort.core.study import LatencySpec
    from bort.families import load_space
    from bort.latency.pace import PaceFiles
    from bort.latency.protocol import Protocol
    from bort.latency.runs.space import measure as steps_of
    from bort.latency.stored import check_new_name, keep_profile, profile_key
    from bort.latency.timing import Instruments
    from bort.training.tokens import text_lengths

    spec = LatencySpec(**workload)
    searched = load_space(space)
    if name is not None:
        check_new_name(store, name)
    lengths = None
    if lengths_from is not None:
        lengths = text_lengths(options.task_spec(lengths_from, text, label, None))
    steps = steps_of(
        searched,
        spec,
        count=count,
        lengths=lengths,
        seed=seed,
        name=name,
        wait=wait,
        should_stop=lambda: bool(stopped),
        instruments=Instruments(
            protocol=Protocol().lasting(minutes), paces=PaceFiles(is_new=new_pace)
        ),
    )
    profile = _last(steps)
    # Profiles of several lengths are used by name: the key knows one length only.
    keep_profile(store, profile, profile_key(searched, spec) if lengths is None else None)
    return profile


def _winners(
    store: "Store",
    stopped: list[bool],
    study: str,
    *,
    seed: int,
    wait: bool,
    minutes: float | None,
) -> "LatencyProfile":
    from bort.core.architecture import Architecture
    from bort.families import SearchSpace
    from bort.latency.protocol import HANDFUL
    from bort.latency.runs.front import measure_front
    from bort.latency.stored import keep_profile, study_profile_of
    from bort.latency.timing import Instruments
    from bort.studies.answers import read_answer

    profile = study_profile_of(store, study)
    answer = read_answer(store, study)
    steps = measure_front(
        SearchSpace.from_dict(answer.spec.space),
        profile,
        [Architecture.from_dict(point.architecture) for point in answer.front],
        study=study,
        seed=seed,
        wait=wait,
        should_stop=lambda: bool(stopped),
        instruments=Instruments(protocol=HANDFUL.lasting(minutes)),
    )
    found = _last(steps)
    keep_profile(store, found)
    return found


def _check_alone(context: click.Context) -> None:
    """A study settles what is measured: refuse what would say otherwise."""
    for name in SETTLED_BY_STUDY:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = "--" + name.replace("_", "-")
            raise InvalidOptionError(
                f"{option} was given with --study, which settles it: its profile says the "
                f"runtime and workload, its front what is measured; leave {option} out"
            )


def _check_out(out: Path | None) -> None:
    """Find out before a minute of measuring, not after."""
    from bort.core.errors import InvalidProfileError

    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise InvalidProfileError(f"{out} cannot be written; name a file in a folder that exists")


def _last(steps: "Iterator[ProgressTo[LatencyProfile]]") -> "LatencyProfile":
    from bort.report import latency as latency_report

    profile = None
    for step in latency_report.watched(steps):
        profile = step.result
    if profile is None:  # stopped before the first complete round
        raise click.Abort
    return profile


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
