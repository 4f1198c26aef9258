"""`bort bench latency`: reports how far latencies on this machine can be trusted."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks import say
from bort.cli import options
from bort.core.errors import InvalidOptionError

if TYPE_CHECKING:
    from benchmarks.latency.steps import BenchStep


@click.command()
@click.option("--space", default="minilm", show_default=True, metavar="NAME|FILE.toml")
@click.option(
    "--count",
    default=64,
    show_default=True,
    help="Number of architectures; half of them test the model.",
)
@click.option("--runtimes", default="torch-float32,onnx-float32", show_default=True)
@click.option("--lengths", default="32,128", show_default=True, metavar="N,...")
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores].")
@click.option(
    "--only",
    multiple=True,
    metavar="KIND",
    help="Run only steps of this kind: measure, repeat, landmarks or busy. Repeatable.",
)
@click.option("--report", is_flag=True, help="Report the finished steps without measuring.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder for finished steps [default: in $BORT_HOME/cache].",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder for latency.md, latency.svg and latency.json.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.1, 120),
    metavar="M",
    help="Longest time for each measurement, used up only if the machine is noisy [default: 5].",
)
@options.as_json
def latency(
    space: str,
    count: int,
    runtimes: str,
    lengths: str,
    threads: int | None,
    only: tuple[str, ...],
    report: bool,
    work: Path | None,
    out: Path | None,
    minutes: float | None,
    as_json: bool,
) -> None:
    """Measure a space twice on several runtimes and lengths, the landmarks, and a busy machine.

    A step is kept once it has finished on a quiet machine. Run the command again to continue after
    an interruption, or to repeat steps that were too noisy.

    \b
    Examples:
      bort bench latency --out docs/bench
      bort bench latency --only landmarks --runtimes torch-float32
      bort bench latency --report --json
    """
    from benchmarks.latency.report import markdown, summary
    from benchmarks.latency.steps import bench_steps, is_done, stored_result
    from bort.core.paths import cache
    from bort.families import load_space
    from bort.latency.runtimes import runtime_kind

    searched = load_space(space)
    names = [name.strip() for name in runtimes.split(",")]
    for name in names:
        runtime_kind(name).check_installed()
    steps = bench_steps(names, _numbers(lengths), _kinds(only))
    folder = work or cache() / "bench-latency" / f"{searched.digest[:12]}-{count}"
    if not report:
        wanted = [s for s in steps if not is_done(s, stored_result(folder, s))]
        _measure(wanted, searched, folder, count=count, threads=threads, minutes=minutes)
    everything = bench_steps(names, _numbers(lengths))
    results = {s: found for s in everything if (found := stored_result(folder, s)) is not None}
    if not results:
        raise InvalidOptionError(f"nothing is measured in {folder} yet; leave --report out")
    answer = summary(results, [s for s in everything if s not in results])
    if out is not None:
        _write(out, answer, results)
    if as_json:
        options.print_json(answer)
    else:
        click.echo(markdown(answer))


def _measure(
    steps: "Sequence[BenchStep]",
    space: Any,
    folder: Path,
    *,
    count: int,
    threads: int | None,
    minutes: float | None,
) -> None:
    from benchmarks.latency.steps import run_step
    from bort.core.files import write_atomically
    from bort.core.serialise import from_json
    from bort.latency.noise import Noise
    from bort.latency.protocol import Protocol
    from bort.latency.runtimes.exporting import keeping_exports
    from bort.latency.timing import Instruments
    from bort.report.jobs import sentence
    from bort.report.latency import noise_sentence

    with keeping_exports(folder / "onnx"):
        for number, step in enumerate(steps, 1):
            title = f"{number}/{len(steps)} {step.name}"
            say(title)
            result = run_step(
                step,
                space,
                count=count,
                threads=threads,
                instruments=Instruments(protocol=Protocol().lasting(minutes)),
                on_step=lambda done, title=title: say(f"{title}: {sentence(done)}"),  # type: ignore[misc]
            )
            content = json.dumps(result, allow_nan=False, indent=1).encode()
            write_atomically(folder / f"{step.name}.json", content)
            say("")
            noise = from_json(Noise, result["noise"], what=step.name)
            verdict = noise_sentence(noise)
            click.echo(f"{title}: {verdict}", err=True)


def _kinds(only: tuple[str, ...]) -> Any:
    from benchmarks.latency.steps import KINDS

    unknown = [name for name in only if name not in KINDS]
    if unknown:
        raise InvalidOptionError(f"--only takes {', '.join(KINDS)}, got {unknown[0]!r}")
    return only or KINDS


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InvalidOptionError(
            f"--lengths takes whole numbers separated by commas, got {text!r}; try 32,128"
        ) from None


def _write(folder: Path, answer: dict[str, Any], results: Any) -> None:
    from benchmarks.latency.report import Dot, Panel, markdown, predicted_svg
    from bort.core.files import write_atomically
    from bort.latency.profile import LatencyProfile

    panels = []
    for step, result in results.items():
        if step.kind != "measure":
            continue
        profile = LatencyProfile.from_dict(result, origin=step.name)
        predicted = profile.predicted_ms()
        if predicted is None:
            continue
        rows = zip(profile.measurements, predicted, strict=True)
        dots = [Dot(one.latency.median_ms, float(ms), one.fitted) for one, ms in rows]
        panels.append(Panel(f"{step.runtime}, {step.sequence_length} tokens", dots))
    write_atomically(folder / "latency.md", markdown(answer).encode())
    write_atomically(folder / "latency.json", json.dumps(answer, indent=1).encode())
    if panels:
        write_atomically(folder / "latency.svg", predicted_svg(panels).encode())
