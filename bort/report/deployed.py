"""The words about a model's files, timed from text to label."""

from rich import box
from rich.table import Table
from rich.text import Text

from bort.finetuning.deployed import BATCH, MOST_LOSS, SINGLE, Deployed, DeployedFile
from bort.report.numbers import megabytes, milliseconds, milliseconds_range
from bort.report.terminal import Terminal

HEADINGS = ("file", "ms per text", "95% interval", "ms, 32 at once", "MB", "dev accuracy")
NOT_TIMED = (
    "The files of this model have not been timed from text to label yet. This command times all of "
    "them on the task's texts and writes the fastest:"
)


def fastest_sentence(deployed: Deployed) -> str:
    """Say which file is the fastest, how long it takes, and how that was measured."""
    file = deployed.fastest
    single = file.latency[SINGLE]
    noise = "" if deployed.noise_ok else " The machine was busy, so the times are uncertain."
    return (
        f"Fastest from text to label: {file.runtime}, {milliseconds(single.median_ms)} ms per text "
        f"({milliseconds_range(single.low_ms, single.high_ms)}), on one thread of "
        f"{deployed.machine.get('cpu') or 'an unknown processor'}.{noise}"
    )


def rule_sentence(deployed: Deployed) -> str:
    """Say how the files were compared and which one is chosen."""
    return (
        f"All files answered the same {deployed.texts:,} dev texts and were timed on some of them "
        "in turns, tokenizer included. MB are those of the weights and the tokenizer. "
        f"A file that is more than {100 * MOST_LOSS:g} point less accurate than the best one is "
        "not chosen; of files within noise of the fastest, the smallest is."
    )


def file_rows(deployed: Deployed) -> list[tuple[str, ...]]:
    """Write the table of all files under `HEADINGS`: the fastest first, then by time."""
    chosen = deployed.fastest
    ordered = sorted(
        deployed.files, key=lambda file: (file is not chosen, file.latency[SINGLE].median_ms)
    )
    return [_row(file) for file in ordered]


def print_deployed(deployed: Deployed) -> None:
    """Print the table of all files, and how it was made."""
    console = Terminal()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(HEADINGS[0], no_wrap=True)
    for heading in HEADINGS[1:]:
        table.add_column(heading, justify="right", no_wrap=heading != HEADINGS[3])
    for row in file_rows(deployed):
        table.add_row(*row)
    console.print(table)
    console.print(Text(f"{fastest_sentence(deployed)} {rule_sentence(deployed)}"))


def _row(file: DeployedFile) -> tuple[str, ...]:
    single = file.latency[SINGLE]
    return (
        file.runtime,
        milliseconds(single.median_ms),
        milliseconds_range(single.low_ms, single.high_ms),
        milliseconds(file.latency[BATCH].median_ms),
        megabytes(file.size_bytes),
        f"{file.dev_accuracy:.4f}",
    )
