"""What `bort latency` shows to people."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bort.core.progress import Progress as Step
from bort.core.progress import Stage
from bort.latency.workload import Workload

if TYPE_CHECKING:
    from bort.latency.noise import Noise
    from bort.latency.profile import LatencyProfile

_TITLES = {
    Stage.BUILDING: "Building the architectures",
    Stage.WARMING_UP: "Warming up",
    Stage.MEASURING: "Measuring, in rounds",
    Stage.DONE: "Fitting the model",
}


S = TypeVar("S", bound=Step)


def watched(steps: Iterable[S]) -> Iterator[S]:
    """Pass the steps on, and draw a bar for each stage on standard error."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    steps = iter(steps)
    first = next(steps, None)  # before there is a bar: an error shall stand alone
    if first is None:
        return
    with Progress(*columns, console=Console(stderr=True)) as bar:
        lines: dict[Stage, Any] = {}
        for step in itertools.chain([first], steps):
            if step.stage not in lines:
                lines[step.stage] = bar.add_task(_TITLES[step.stage], total=step.total)
            bar.update(lines[step.stage], completed=step.done, total=step.total)
            yield step


def warn(noise: "Noise", *, rounds: int, complete: bool) -> None:
    """Say on standard error when the numbers cannot rank two architectures."""
    if not complete:
        Console(stderr=True).print(
            Text(f"Stopped early, after {rounds} rounds; searches will not use it.")
        )
    warn_of(noise.to_dict())
    if noise.is_coarse and len(noise.reasons) == 1:
        Console(stderr=True).print(Text("More rounds tell more architectures apart: --minutes 10."))


def warn_of(noise: Mapping[str, Any]) -> None:
    """The verdict on noise, where there is something to say, on standard error."""
    console = Console(stderr=True)
    if not noise["ok"]:
        console.print(
            Text(
                "The machine was too busy, or changed too much, to trust these numbers: "
                f"{'; '.join(noise['reasons'])}. Measure again when it is quiet."
            )
        )
    for warning in noise["warnings"]:
        console.print(Text(f"Note: {warning}."))


def print_imported(profile: "LatencyProfile") -> None:
    """A profile brought from a file."""
    Console().print(
        Text(f"Stored as {profile.name}; use it with: bort search --latency-profile {profile.name}")
    )


def print_profile(profile: "LatencyProfile") -> None:
    """A profile just measured."""
    _print_table(profile.to_dict())
    Console().print(Text(f"Stored as {profile.name}."))


def print_described(answer: Mapping[str, Any]) -> None:
    """A profile that was read, and whether it holds here."""
    _print_table(answer)
    warn_of(answer["noise"])
    if answer["this_machine"]:
        text = "Measured on a machine like this one, with the same software."
    else:
        text = f"Measured on another machine or software: {'; '.join(answer['differences'])}."
    Console().print(Text(text))


def print_list(answer: Mapping[str, Any]) -> None:
    """All stored profiles."""
    console = Console()
    if not answer["profiles"]:
        console.print(Text("No latency profile is stored; measure one: bort latency measure"))
        return
    for row in answer["profiles"]:
        notes = [
            note
            for note, applies in (
                ("another machine", not row["this_machine"]),
                ("noisy", not row["noise_ok"]),
                ("stopped early", not row["complete"]),
            )
            if applies
        ]
        console.print(Text(row["profile"], style="bold"), soft_wrap=True)
        length = f"{row['sequence_length']} tokens"
        threads = f"{row['threads']} thread{'' if row['threads'] == 1 else 's'}"
        words = [row["space"], row["runtime"], f"batch {row['batch_size']}", length, threads]
        words.append(f"model's error {row['median_abs_percent_error']:.1f} %")
        console.print(Text("  " + ", ".join([*words, *notes])))


def print_compared(answer: Mapping[str, Any]) -> None:
    """Two profiles side by side."""
    console = Console()
    a, b = answer["a"]["profile"], answer["b"]["profile"]
    table = Table("architecture", f"{a} ms", f"{b} ms", "b / a", "")
    for row in answer["architectures"]:
        table.add_row(
            row["id"],
            f"{row['a_ms']:.3f}",
            f"{row['b_ms']:.3f}",
            f"{row['ratio']:.2f}",
            "" if row["distinguishable"] else "within the noise",
        )
    console.print(table)
    if not answer["architectures"]:
        console.print(Text("The two have no architecture in common."))
    found = answer["differences"]
    console.print(
        Text(f"Differences: {'; '.join(found)}." if found else "Same machine, same workload.")
    )
    noisy = [answer[side]["profile"] for side in "ab" if not answer[side]["noise_ok"]]
    if noisy:
        console.print(Text(f"The machine was too busy to trust {' and '.join(noisy)}."))


def print_landmarks(answer: Mapping[str, Any]) -> None:
    """Well-known models here, beside what was published of them."""
    headings = ("model", "parameters", "published", "without embeddings", "median ms")
    table = Table(*headings, "95 % interval", "times faster than base", "than large")
    for row in answer["landmarks"]:
        table.add_row(
            row["name"],
            f"{row['parameter_count'] / 1e6:.1f} M",
            f"{row['published_parameter_count'] / 1e6:g} M",
            f"{row['effective_parameter_count'] / 1e6:.1f} M",
            f"{row['median_ms']:.1f}",
            f"{row['low_ms']:.1f} to {row['high_ms']:.1f}",
            *(_times(row, name) for name in ("BERT-base", "BERT-large")),
        )
    console = Console()
    console.print(table)
    for row in answer["landmarks"]:
        note = f" ({row['note']})" if row["note"] else ""
        words = " ".join(row["remarks"])
        console.print(Text(f"{row['name']}: {row['source']}{note}. {words}".strip()))
    for sentence in answer["announced"]:
        console.print(Text(sentence, style="bold"))


def _times(row: Mapping[str, Any], name: str) -> str:
    low, high = row["times_faster_interval"][name]
    return f"{row['times_faster_than'][name]:.1f} ({low:.1f} to {high:.1f})"


def _print_table(profile: Mapping[str, Any]) -> None:
    console = Console()
    table = Table("architecture", "median ms", "95 % interval", "p95 ms", "")
    for row in profile["architectures"]:
        table.add_row(
            row["id"],
            f"{row['median_ms']:.3f}",
            f"{row['low_ms']:.3f} to {row['high_ms']:.3f}",
            f"{row['p95_ms']:.3f}",
            "fitted" if row["fitted"] else "held out",
        )
    console.print(table)
    console.print(Text(model_sentence(profile)))


def model_sentence(profile: Mapping[str, Any]) -> str:
    """How well the model predicts, in plain words.

    Examples:
        >>> print(model_sentence({"runtime": "torch-float32", "batch_size": 1, "threads": 2,
        ...     "sequence_length": 32, "model": {"fitted_on": 24, "held_out": 24, "band": 0.1,
        ...     "median_abs_percent_error": 3.0, "p90_abs_percent_error": 8.0,
        ...     "rank_correlation": 0.99}}))
        torch-float32, batch 1, sequence 32, 2 threads. The model, fitted on 24 architectures, \
misses 24 held-out ones by 3.0 % in the median (90th percentile 8.0 %, rank correlation 0.990); \
band ±10 %.
    """
    model = profile["model"]
    judged = (
        f"{model['held_out']} held-out ones" if model["held_out"] else "each one left out in turn"
    )
    rank = model["rank_correlation"]
    workload = Workload.from_dict(profile)
    return (
        f"{profile['runtime']}, {workload}. The model, fitted on "
        f"{model['fitted_on']} architectures, misses {judged} by "
        f"{model['median_abs_percent_error']:.1f} % in the median (90th percentile "
        f"{model['p90_abs_percent_error']:.1f} %"
        + (f", rank correlation {rank:.3f}" if rank is not None else "")
        + f"); band ±{100 * model['band']:.0f} %."
    )
