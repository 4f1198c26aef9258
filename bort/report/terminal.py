"""What people see in the terminal: the answer of a search as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_OBJECTIVES = ("parameters", "latency ms")


def print_answer(answer: Mapping[str, Any]) -> None:
    """The front as a table, and what is certified in a sentence."""
    console = Console()
    title = f"Pareto front of study {answer['study']}" if answer["study"] else "Pareto front"
    table = Table(title=Text(title), box=box.SIMPLE_HEAD, pad_edge=False)
    names = [str(point.get("label", point["id"])) for point in answer["front"]]
    is_numbered = bool(names) and all(name.isdigit() for name in names)
    table.add_column("row" if is_numbered else "architecture", no_wrap=True)
    columns = answer.get("columns")  # of a table
    varied = list(answer["front"][0]["architecture"]) if columns and names else []
    if varied:
        table.add_column(Text(", ".join(varied)), overflow="fold")
    size, latency = (columns["size"], columns["latency"]) if columns else _OBJECTIVES
    for heading in (size, *(() if columns else ("effective",)), latency, "error", "± se"):
        table.add_column(Text(heading), justify="right")
    table.add_column("")
    best = answer["best"]
    for name, point in zip(names, answer["front"], strict=True):
        table.add_row(
            name,
            *([", ".join(map(str, point["architecture"].values()))] if varied else ()),
            f"{point['parameter_count']:,}",
            *(() if columns else (f"{point['effective_parameter_count']:,}",)),
            f"{point['latency_ms']:.2f}" if columns is None else f"{point['latency_ms']:,}",
            f"{point['error_rate']:.4f}",
            f"{point['error_se']:.4f}" if point["error_se"] is not None else "",
            "best" if best and point["id"] == best["id"] else "",
        )
    console.print(table)
    console.print(Text(summary(answer)))
    if columns and answer["certificate"]:
        console.print(Text(f"Certificate: {answer['certificate']}"), soft_wrap=True)
    latency = answer.get("latency") or {}
    if latency.get("is_this_machine") is False:
        console.print(
            Text(f"Latency: profile {latency['profile']} of another machine or other software.")
        )
    if latency.get("noise_ok") is False:
        console.print(
            Text(
                "Latency: the machine was not quiet while it was measured; read milliseconds with "
                "care, or measure again when it is quiet: bort latency measure"
            )
        )
    if measured := [point for point in answer["front"] if point.get("latency_measured")]:
        console.print(Text(_measured(measured)))


def _measured(points: Sequence[Mapping[str, Any]]) -> str:
    """What winners took, beside what was predicted of them."""
    rows = ", ".join(
        f"{p['id']} {p['latency_measured']['median_ms']:.2f} ms (predicted {p['latency_ms']:.2f})"
        for p in points
    )
    return f"Measured: {rows}."


def summary(answer: Mapping[str, Any]) -> str:
    """What the search certifies, in plain words.

    Examples:
        >>> print(summary({"evaluations": 9, "space_size": 384, "evaluation_bound": 300,
        ...     "certified_epsilon": None, "epsilon": 0.25, "guarantee": "none", "goal": "cover"}))
        9 of 384 architectures trained (300 at most for epsilon 0.25). Nothing is certified yet.
    """
    trained = (
        f"{answer['evaluations']} of {answer['space_size']} "
        f"{'rows asked' if answer.get('columns') else 'architectures trained'} "
        f"({answer['evaluation_bound']} at most for epsilon {answer['epsilon']:g})."
    )
    rest = [text for text in (_noise(answer), _ratio(answer), _audit(answer)) if text]
    return " ".join([trained, _certified(answer), *rest])


def _certified(answer: Mapping[str, Any]) -> str:
    certified = answer["certified_epsilon"]
    if certified is None:
        violated = [e for e in answer.get("ledger", ()) if e["status"] == "violated"]
        if violated:
            return f"An assumption is violated, nothing is certified: {violated[0]['evidence']}"
        return "Nothing is certified yet."
    condition = {
        "proved": "Guaranteed",
        "conditional": "If the estimated λ holds",
        "none": "An assumption is violated, so this is no guarantee",
    }[answer["guarantee"]]
    claim = (
        f"the best W is within {certified:.1%} of the largest"
        if answer["goal"] == "best"
        else f"every architecture is within {certified:.1%} of an evaluated one in size, "
        f"latency and {_error_meant(answer)}"
    )
    return f"{condition}: {claim}."


def _error_meant(answer: Mapping[str, Any]) -> str:
    population = "error in the population"
    stated = (entry["assumption"] for entry in answer.get("ledger", ()))
    return population if population in stated else "dev error"


def _noise(answer: Mapping[str, Any]) -> str:
    if answer.get("ending") != "limited by noise":
        return ""
    return (
        "The search is limited by noise: all that could still win are evaluated, and their "
        "intervals overlap; more dev examples would tell them apart."
    )


def _ratio(answer: Mapping[str, Any]) -> str:
    ratio = answer.get("w_ratio")
    if ratio is None or answer["goal"] == "best" or not answer.get("best"):
        return ""
    weights = ", ".join(f"{w:g}" for w in answer["weights"])
    condition = "" if answer["guarantee"] == "proved" else " if so,"
    return f"At weights {weights},{condition} W(best) is at least {ratio:.1%} of the largest W."


def _audit(answer: Mapping[str, Any]) -> str:
    audit = answer.get("audit")
    if not audit:
        return ""
    if not audit["is_complete"]:
        return f"Audit: {audit['trained']} of {len(audit['drawn'])} trained."
    return f"Audit: {audit['statement']}."
