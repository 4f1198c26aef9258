"""The text output of `bort space show`."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from bort.core.size import SizeUnit
from bort.families.polynomial import IntArray
from bort.families.summary import (
    Abnc,
    Example,
    FileRanges,
    Published,
    SpaceSummary,
    UnionSummary,
)
from bort.report.numbers import megabytes
from bort.report.terminal import Terminal
from bort.training.pieces import VocabularyFacts


def print_space(summary: SpaceSummary) -> None:
    """Print a space: its dimensions, costs, polynomials and ABnC property."""
    console = Terminal()
    console.print(_overview(summary))
    console.print(_costs(summary))
    for objective, polynomial in summary.polynomials.items():
        _paragraph(console, objective.replace("_", " "), f"= {polynomial}")
    if built := summary.built_parameter_count:
        text = "The factor N multiplies the size, not the network. A single network has "
        _paragraph(console, "[ours]", f"{text}{built.min:,} to {built.max:,} parameters.")
    if summary.published:
        _paragraph(console, "[source]", _published(summary.published))
    console.print(_parts(summary.abnc))
    _paragraph(console, "[source]", _ABNC_SOURCE)
    _paragraph(console, "[ours]", _verdict(summary))


def size_range(sizes: IntArray, unit: SizeUnit) -> str:
    """Say how large the architectures of a space are, before the tokenizer's bytes are known.

    Examples:
        >>> import numpy as np
        >>> size_range(np.array([64_000, 3_137_012]), SizeUnit.INT8)
        'Weights of 0.064 to 3.137 MB; the tokenizer adds the bytes of its vocabulary.'
        >>> size_range(np.array([130, 2_000_000]), SizeUnit.EFFECTIVE)
        '130 to 2,000,000 parameters without embeddings.'
    """
    low, high = int(sizes.min()), int(sizes.max())
    if unit.is_bytes:
        return (
            f"Weights of {low / 1e6:,.3f} to {high / 1e6:,.3f} MB; the tokenizer adds the bytes of "
            "its vocabulary."
        )
    without = " without embeddings" if unit is SizeUnit.EFFECTIVE else ""
    return f"{low:,} to {high:,} parameters{without}."


def print_union(summary: UnionSummary) -> None:
    """Print a space of several families: the whole, then each family."""
    console = Terminal()
    table = Table(title=Text(f"Space {summary.space.name}"))
    headings = ("family", "architectures", "parameters", "MB in int8", "multiply-adds per pass")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "family" else "right")
    for part in summary.families:
        sizes, work = part.parameter_count, part.operation_count
        table.add_row(
            Text(part.space.family_name),
            f"{len(part.space):,}",
            f"{sizes.min:,} to {sizes.max:,}",
            _int8_range(part.file_bytes),
            f"{work.min:,} to {work.max:,}",
        )
    table.add_section()
    sizes, work = summary.parameter_count, summary.operation_count
    table.add_row(
        "together",
        f"{len(summary.space):,}",
        f"{sizes.min:,} to {sizes.max:,}",
        _int8_range(summary.file_bytes),
        f"{work.min:,} to {work.max:,}",
    )
    console.print(table)
    _paragraph(console, "Maximum point T", f"{summary.maximum.id}, for W over all families.")
    for part in summary.families:
        print_space(part)


def print_vocabularies(facts: Sequence[VocabularyFacts], task: str) -> None:
    """Print what each vocabulary does to the training texts of a task."""
    table = Table(title=Text(f"Training texts of {task}"))
    headings = ("vocabulary", "words split", "unknown", "tokens, median", "95th percentile")
    for heading in headings:
        table.add_column(heading, justify="right")
    for one in facts:
        table.add_row(
            f"{one.size:,}",
            f"{one.split:.1%}",
            f"{one.unknown:.2%}",
            f"{one.median_length:g}",
            f"{one.long_length:g}",
        )
    Terminal().print(table)


_ABNC_SOURCE = (
    "The published guarantee requires the ABnC property. According to notes on the paper, it "
    "means that the middle layers B cost more than the first A and the last C, in parameters "
    "and in operations."
)


def _paragraph(console: Terminal, head: str, text: str) -> None:
    console.print(Text.assemble((head, "bold"), " ", text), soft_wrap=False)


def _overview(summary: SpaceSummary) -> Table:
    space = summary.space
    table = Table(title=Text(f"Space {space.name}, family {space.family_name}"))
    table.add_column("dimension")
    table.add_column("values")
    for name, values in space.dimensions.items():
        table.add_row(Text(name), ", ".join(map(str, values)))
    for name, value in space.fixed.items():
        table.add_row(Text(f"{name} (fixed)"), f"{value:,}")
    table.add_section()
    table.add_row("architectures", f"{len(space):,} of {summary.combinations:,} combinations")
    table.add_row("maximum point T", summary.maximum.id)
    return table


def _costs(summary: SpaceSummary) -> Table:
    work, top = summary.operation_count, summary.maximum
    title = f"Costs (batch {work.batch_size}"
    if "sequence" in summary.polynomials["operation_count"]:
        title += f", {work.sequence_length} tokens"
    table = Table(title=Text(f"{title})"))
    for heading in ("", "smallest", "largest", "at T"):
        table.add_column(heading, justify="right" if heading else "left")
    for label, found, at_top in (
        ("parameters", summary.parameter_count, top.parameter_count),
        (
            "effective: without embeddings",
            summary.effective_parameter_count,
            top.effective_parameter_count,
        ),
        ("multiply-adds per pass", work, top.operation_count),
    ):
        table.add_row(label, f"{found.min:,}", f"{found.max:,}", f"{at_top:,}")
    if files := summary.file_bytes:
        for label, sizes in (("float32", files.float32), ("int8", files.int8)):
            name = f"MB of weights in {label}"
            table.add_row(name, megabytes(sizes.min), megabytes(sizes.max), "")
    return table


def _int8_range(files: FileRanges | None) -> str:
    """Say how large the weights are; the tokenizer depends on the task."""
    return "" if files is None else f"{megabytes(files.int8.min)} to {megabytes(files.int8.max)}"


def _published(published: Published) -> str:
    recount = published.recount
    embedding = recount.parameter_count - recount.effective_parameter_count
    return (
        f"Published answer: {recount.id}, {published.published_parameter_count_millions} M "
        f"parameters, of which embedding {published.published_embedding_count_millions:g} M "
        f"({published.source}). [ours] Recounted with this space's vocabulary: "
        f"{recount.parameter_count / 1e6:.1f} M, embedding {embedding / 1e6:.1f} M."
    )


def _parts(abnc: Abnc) -> Table:
    table = Table(title=Text("ABnC: what the parts cost over the space"))
    table.add_column("part")
    table.add_column("parameters", justify="right")
    table.add_column("multiply-adds", justify="right")
    both = (abnc.parameters, abnc.operations)
    for name, ranges in (
        ("A: before the layers", [costs.first for costs in both]),
        ("B: the layers", [costs.middle for costs in both]),
        ("C: after the layers", [costs.last for costs in both]),
    ):
        table.add_row(name, *(f"{r.min:,} to {r.max:,}" for r in ranges))
    table.add_section()
    table.add_row("B is largest", *(f"{costs.holds:,} ({costs.holds_share:.0%})" for costs in both))
    return table


def _verdict(summary: SpaceSummary) -> str:
    abnc, count = summary.abnc, len(summary.space)
    has_embeddings = summary.parameter_count != summary.effective_parameter_count
    parts = "embeddings as A, pooler and classifier as C, and " if has_embeddings else ""
    text = (
        f"ABnC holds for {abnc.holds:,} of {count:,} architectures ({abnc.holds_share:.0%}), "
        f"counting {parts}multiply-adds as operations"
        f"{' (a look-up costs none)' if has_embeddings else ''}."
    )
    return text + _example(abnc.example_with, "holds") + _example(abnc.example_without, "fails")


def _example(example: Example | None, verb: str) -> str:
    if example is None:
        return ""
    parts = ", ".join(f"{count:,}" for count in example.parameters.values())
    return f" It {verb} for {example.id}: parameters of A, B, C are {parts}."
