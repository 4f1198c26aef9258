"""The results of `bort bench search`: a JSON object, a Markdown table, CSV curves and SVG plots."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.curves_svg import Line, curves_svg
from benchmarks.search.measures import SHARES, Median, Summary, summarise
from benchmarks.search.registry import COVER, GUIDE, OURS, SAMPLERS

if TYPE_CHECKING:
    from benchmarks.search.runs import Run, RunKey, RunLog
    from benchmarks.search.samplers import Sampler
    from benchmarks.search.table import BenchmarkTable

    Planned = tuple[BenchmarkTable, Sampler, RunKey]


def answer(planned: "Sequence[Planned]", log: "RunLog") -> dict[str, Any]:
    """Compute all measures of all planned runs."""
    groups: dict[tuple[str, str], list[Run]] = {}
    tables = {table.name: table for table, _, _ in planned}
    for table, sampler, key in planned:
        groups.setdefault((table.name, sampler.name), []).append(log.done[key])
    summaries = [summarise(tables[name], runs) for (name, _), runs in groups.items()]
    return {"tables": [_of_table(tables[name], summaries) for name in tables]}


def _of_table(table: "BenchmarkTable", summaries: Sequence[Summary]) -> dict[str, Any]:
    own = [summary for summary in summaries if summary.table == table.name]
    return {
        "table": table.name,
        "architectures": len(table),
        "front": len(table.front),
        "samplers": [_of_sampler(summary) for summary in own],
        "comparison": _comparison(own, len(table)),
    }


def _of_sampler(summary: Summary) -> dict[str, Any]:
    return {
        "sampler": summary.sampler,
        "title": SAMPLERS[summary.sampler].title,
        "runs": summary.runs,
        "evaluations": summary.evaluations,
        "evaluations_to": {
            f"{share:.0%}": _median(summary.evaluations_to[share]) for share in SHARES
        },
        "final_share": _median(summary.final_share),
        "true_epsilon": _median(summary.true_epsilon),
        "certified_epsilon": summary.certified_epsilon,
        "curve": np.round(summary.curve, 5).tolist(),
    }


def _median(value: Median) -> dict[str, float | None]:
    return dict(value._asdict())


def _comparison(summaries: Sequence[Summary], architectures: int) -> dict[str, Any] | None:
    """Compare our evaluations to 99% with the best of the others; None if ours did not run."""
    medians = {s.sampler: s.evaluations_to[SHARES[-1]].median for s in summaries}
    if OURS not in medians:
        return None
    ours = medians[OURS]
    others = {n: m for n, m in medians.items() if n not in (OURS, COVER, GUIDE) and m is not None}
    best = min(others, key=lambda name: others[name], default=None)
    return {
        "share": SHARES[-1],
        "ours": ours,
        "ours_of_architectures": None if ours is None else ours / architectures,
        "best_other": best,
        "best_other_evaluations": None if best is None else others[best],
        "ratio": None if ours is None or best is None else ours / others[best],
    }


def markdown(answer: Mapping[str, Any]) -> str:
    """Write tables that are also readable in a terminal."""
    return "\n\n".join(_table(table) for table in answer["tables"])


def _table(table: Mapping[str, Any]) -> str:
    lines = [
        f"## {table['table']}: {table['architectures']:,} architectures, "
        f"{table['front']} on the front",
        "",
        "| sampler | runs | evaluations | to 95% | to 99% | share at the end "
        "| true ε | certified ε |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in table["samplers"]:
        to95, to99 = (_counts(row["evaluations_to"][f"{share:.0%}"]) for share in SHARES)
        certified = row["certified_epsilon"]
        lines.append(
            f"| {row['title']} | {row['runs']} | {row['evaluations']} | {to95} | {to99} "
            f"| {row['final_share']['median']:.1%} | {_epsilon(row['true_epsilon']['median'])} "
            f"| {_epsilon(certified)} |"
        )
    return "\n".join([*lines, "", _verdict(table["comparison"])]).rstrip()


def _counts(value: Mapping[str, float | None]) -> str:
    if value["low"] is None:
        return "not reached"
    low, high = (
        "not reached" if value[end] is None else f"{value[end]:g}" for end in ("low", "high")
    )
    median = "not reached" if value["median"] is None else f"{value['median']:g}"
    return median if low == high else f"{median} ({low} to {high})"


def _epsilon(value: float | None) -> str:
    return "" if value is None else "above 10" if value > 10 else f"{value:.2f}"


def _verdict(comparison: Mapping[str, Any] | None) -> str:
    if comparison is None:
        return ""
    if comparison["ours"] is None:
        return "The certified search did not reach 99% of the front's hypervolume."
    ours = (
        f"The certified search reaches 99% after {comparison['ours']:g} evaluations, "
        f"{comparison['ours_of_architectures']:.1%} of the architectures"
    )
    if comparison["best_other"] is None:
        return f"{ours}; no other sampler's median run reaches it."
    title = SAMPLERS[comparison["best_other"]].title
    return (
        f"{ours}; the best of the others, {title}, after {comparison['best_other_evaluations']:g}. "
        f"Ratio {comparison['ratio']:.2f}."
    )


def write(folder: Path, answer: Mapping[str, Any], samplers: "Sequence[Sampler]") -> None:
    """Write search.md, search.csv with the curves, and one SVG plot per table."""
    from bort.core.files import write_atomically

    plots = {table["table"]: f"search-{_slug(table['table'])}.svg" for table in answer["tables"]}
    for table in answer["tables"]:
        write_atomically(folder / plots[table["table"]], _plot(table).encode())
    sections = [
        f"{_table(table)}\n\n![{table['table']}]({plots[table['table']]})"
        for table in answer["tables"]
    ]
    text = "\n\n".join([_introduction(samplers), *sections])
    write_atomically(folder / "search.md", f"{text}\n".encode())
    write_atomically(folder / "search.csv", _curves(answer).encode())


def _introduction(samplers: "Sequence[Sampler]") -> str:
    known = any(sampler.name.endswith("-known") for sampler in samplers)
    return (
        "# The certified search compared with other samplers\n\n"
        "Every search needs trainings. Which one finds the best trade-offs with the fewest? Here "
        "samplers search tables in which every architecture has been trained already. So the "
        "true front is known, and a run costs only look-ups. `bort bench search` wrote this page."
        "\n\n"
        "**How to read the tables.** Counts are evaluations of different architectures until the "
        "evaluated ones dominate 95% or 99% of the hypervolume of the table's front (reference "
        "point: 1.1 times each column's maximum). They are medians over the runs, with the 95% "
        "interval of the median (of fewer than six runs, the least and the most); fewer is "
        "better. True ε is the smallest ε at which the evaluated "
        "architectures cover the table in the end. Certified ε is what the search could promise "
        "without knowing the table, with λ estimated.\n\n"
        "**How the runs were made.** The certified search draws nothing at random, so it has one "
        "run. With a budget it gets ε = 0.001, which it certifies only once everything is "
        "evaluated. The others get an integer scale for each numeric dimension. A repeated "
        "proposal costs them nothing, up to four proposals per evaluation; a run that only "
        "repeats itself ends early. *Our guide, random starts* chooses as the certified search "
        "does with a budget, but begins with random architectures, one more than there are "
        "dimensions, in place of its own design. BoTorch begins with the same ones, sees all that "
        "are left as candidates, and models logarithms; its runs and SMAC's end at 99%. HPOLib "
        "has no latency, so training time takes its place; a row is a shape of network, with the "
        "error of its best training."
        + (
            " *Known costs* means single-objective runs on augmented Tchebycheff values with "
            "random weights (ParEGO, Knowles 2006), with sizes and latencies scaled by their "
            "known ranges. TPE and GP start each proposal with all earlier evaluations, NSGA-II "
            "runs 20 proposals per weight."
            if known
            else ""
        )
    )


def _curves(answer: Mapping[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("table", "sampler", "evaluations", "share_median", "share_quartile1", "share_quartile3")
    )
    for table in answer["tables"]:
        for sampler in table["samplers"]:
            for count, values in enumerate(sampler["curve"], start=1):
                writer.writerow((table["table"], sampler["sampler"], count, *values))
    return text.getvalue()


def _plot(table: Mapping[str, Any]) -> str:
    lines = [
        Line(row["title"], np.array(row["curve"]), row["sampler"].endswith("-known"))
        for row in table["samplers"]
    ]
    longest = max(len(line.values) for line in lines)
    return curves_svg(table["table"], lines, evaluations=min(longest, 100))


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
