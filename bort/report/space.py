"""`bort space show` for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_PART_NAMES = {
    "first": "A: before the layers",
    "middle": "B: the layers",
    "last": "C: after the layers",
}


def print_space(summary: Mapping[str, Any]) -> None:
    """Print what `bort.families.summary.space_summary` tells."""
    console = Console()
    console.print(_overview(summary))
    console.print(_costs(summary))
    for objective, polynomial in summary["polynomials"].items():
        _paragraph(console, objective.replace("_", " "), f"= {polynomial}")
    if built := summary["built_parameter_count"]:
        text = "The factor N multiplies the size, not the network. One built network has "
        _paragraph(console, "[ours]", f"{text}{built['min']:,} to {built['max']:,} parameters.")
    if summary["published"]:
        _paragraph(console, "[source]", _published(summary["published"]))
    console.print(_parts(summary["abnc"]))
    _paragraph(console, "[source]", _ABNC_SOURCE)
    _paragraph(console, "[ours]", _verdict(summary))


_ABNC_SOURCE = (
    "The published guarantee asks for the ABnC property: as a reader's notes give it, the middle "
    "layers B cost more than the first A and the last C, in parameters and operations."
)


def _paragraph(console: Console, head: str, text: str) -> None:
    console.print(Text.assemble((head, "bold"), " ", text), soft_wrap=False)


def _overview(summary: Mapping[str, Any]) -> Table:
    table = Table(title=Text(f"Space {summary['name']}, family {summary['family']}"))
    table.add_column("dimension")
    table.add_column("values")
    for name, values in summary["dimensions"].items():
        table.add_row(Text(name), ", ".join(map(str, values)))
    for name, value in summary["fixed"].items():
        table.add_row(Text(f"{name} (fixed)"), f"{value:,}")
    table.add_section()
    valid = f"{summary['architectures']:,} of {summary['combinations']:,} combinations"
    table.add_row("architectures", valid)
    table.add_row("maximum point T", summary["maximum"]["id"])
    return table


def _costs(summary: Mapping[str, Any]) -> Table:
    work = summary["operation_count"]
    title = f"Costs (batch {work['batch_size']}"
    if "sequence" in summary["polynomials"]["operation_count"]:
        title += f", {work['sequence_length']} tokens"
    table = Table(title=Text(f"{title})"))
    for heading in ("", "smallest", "largest", "at T"):
        table.add_column(heading, justify="right" if heading else "left")
    rows = {
        "parameters": "parameter_count",
        "effective: without embeddings": "effective_parameter_count",
        "multiply-adds per pass": "operation_count",
    }
    for label, key in rows.items():
        low, high, top = summary[key]["min"], summary[key]["max"], summary["maximum"][key]
        table.add_row(label, f"{low:,}", f"{high:,}", f"{top:,}")
    return table


def _published(published: Mapping[str, Any]) -> str:
    recount = published["recount"]
    embedding = recount["parameter_count"] - recount["effective_parameter_count"]
    return (
        f"Published answer: {recount['id']}, {published['published_parameter_count_millions']} M "
        f"parameters, of which embedding {published['published_embedding_count_millions']:g} M "
        f"({published['source']}). [ours] Recounted with this space's vocabulary: "
        f"{recount['parameter_count'] / 1e6:.1f} M, embedding {embedding / 1e6:.1f} M."
    )


def _parts(abnc: Mapping[str, Any]) -> Table:
    table = Table(title=Text("ABnC: what the parts cost over the space"))
    table.add_column("part")
    table.add_column("parameters", justify="right")
    table.add_column("multiply-adds", justify="right")
    for part, name in _PART_NAMES.items():
        ranges = (abnc[what][part] for what in ("parameters", "operations"))
        table.add_row(name, *(f"{r['min']:,} to {r['max']:,}" for r in ranges))
    table.add_section()
    shares = (abnc[what] for what in ("parameters", "operations"))
    table.add_row("B is largest", *(f"{s['holds']:,} ({s['holds_share']:.0%})" for s in shares))
    return table


def _verdict(summary: Mapping[str, Any]) -> str:
    abnc, count = summary["abnc"], summary["architectures"]
    has_embeddings = summary["parameter_count"] != summary["effective_parameter_count"]
    parts = "embeddings as A, pooler and classifier as C, and " if has_embeddings else ""
    text = (
        f"ABnC holds for {abnc['holds']:,} of {count:,} architectures ({abnc['holds_share']:.0%}), "
        f"counting {parts}multiply-adds as operations"
        f"{' (a look-up costs none)' if has_embeddings else ''}."
    )
    for key, verb in (("example_with", "holds"), ("example_without", "fails")):
        example = abnc[key]
        if example:
            parts = ", ".join(f"{n:,}" for n in example["parameters"].values())
            text += f" It {verb} for {example['id']}: parameters of A, B, C are {parts}."
    return text
