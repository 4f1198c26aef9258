"""The report of `bort bench latency`: figures from stored steps, a Markdown page, a drawing."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from benchmarks.latency.steps import BenchStep
from bort.core.serialise import from_json
from bort.latency.landmarks import LandmarkTiming
from bort.latency.noise import Noise
from bort.report.latency import announced_sentences, finding_words

Results = Mapping[BenchStep, Mapping[str, Any]]
TOLERANCE = 0.05


def summary(results: Results, missing: Sequence[BenchStep]) -> dict[str, Any]:
    """Collect all figures as JSON values; `missing` names steps that have not run."""
    of_kind = {
        kind: {step: result for step, result in results.items() if step.kind == kind}
        for kind in ("measure", "repeat", "landmarks", "busy")
    }
    first = next(iter(results.values()), None)
    return {
        "fingerprint": None if first is None else first["fingerprint"],
        "measurements": [_measured(step, result) for step, result in of_kind["measure"].items()],
        "repeats": [
            _repeated(step, results[again], result)
            for step, result in of_kind["repeat"].items()
            if (again := BenchStep("measure", step.runtime, step.sequence_length)) in results
        ],
        "landmarks": [dict(result) for result in of_kind["landmarks"].values()],
        "announced": [c for r in of_kind["landmarks"].values() for c in r["announced"]],
        "busy": next((dict(result["noise"]) for result in of_kind["busy"].values()), None),
        "missing": [step.name for step in missing],
    }


def markdown(answer: Mapping[str, Any]) -> str:
    """Write the page for `docs/bench`."""
    machine = answer["fingerprint"]
    parts = [
        "# Latency: measured, predicted, repeated\n",
        "Latency is measured for some architectures and predicted for all others. How wrong is "
        "the prediction, and would a second measurement say the same? This page answers both for "
        "one machine, and times well-known models there.\n",
        "Batch 1; space `minilm` unless the command said otherwise. "
        "`bort bench latency --out FOLDER` writes this page; docs/latency.md explains the "
        "protocol.\n",
        f"{machine['cpu']} ({machine['cpu_details']}), {machine['cores']} cores, "
        f"{machine['threads']} threads, {machine['memory_gib']} GiB, {machine['os']}; "
        + ", ".join(f"{name} {version}" for name, version in _libraries(answer).items())
        + ".\n",
        "## The model on architectures that it has not seen\n",
        _table(
            ["runtime", "tokens", "fitted on", "held out", "median error", "90th percentile",
             "rank correlation", "band", "quiet", "can rank from", "rounds", "seconds"],
            [_measured_cells(row) for row in answer["measurements"]],
        ),
        "\n![Predicted against measured](latency.svg)\n",
        "## The same measurement twice\n",
        "The share of architectures whose two medians differ by at most 5%. Both medians are "
        "converted "
        "to the machine's usual pace. The table also shows how far the machine was from that pace "
        "each time (above 0 is slower), and the median change that is left.\n",
        _table(
            ["runtime", "tokens", "within 5%", "median change", "pace, first", "pace, again",
             "both quiet"],
            [_repeat_cells(row) for row in answer["repeats"]],
        ),
        "\n## Well-known models, random weights\n",
        *(_landmark_part(result) for result in answer["landmarks"]),
        *(
            f"- {sentence}"
            for result in answer["landmarks"]
            for sentence in announced_sentences(LandmarkTiming.from_dict(result))
        ),
        "\n## With a busy loop on every core\n",
        _busy_sentence(answer["busy"]),
    ]  # fmt: skip
    if answer["missing"]:
        parts.append(f"\nNot measured yet: {', '.join(answer['missing'])}.")
    return "\n".join(parts) + "\n"


def _measured(step: BenchStep, profile: Mapping[str, Any]) -> dict[str, Any]:
    model, noise = profile["model"], profile["noise"]
    return {
        "runtime": step.runtime,
        "sequence_length": step.sequence_length,
        **{key: value for key, value in model.items() if key != "coefficients_ms"},
        "noise_ok": noise["ok"],
        "resolution": noise["resolution"],
        "others_share": noise["others_share"],
        "rounds": profile["rounds"],
        "seconds": profile["seconds"],
    }


def _repeated(
    step: BenchStep, first: Mapping[str, Any], second: Mapping[str, Any]
) -> dict[str, Any]:
    before = {row["id"]: row["median_ms"] for row in first["architectures"]}
    both = [(before[r["id"]], r["median_ms"]) for r in second["architectures"] if r["id"] in before]
    ratios = np.array([later / earlier for earlier, later in both])
    shift = float(np.median(ratios))
    return {
        "runtime": step.runtime,
        "sequence_length": step.sequence_length,
        "architectures": len(both),
        "share_within_5_percent": float(np.mean(np.abs(ratios - 1) <= TOLERANCE)),
        "shift": shift - 1,
        "pace_changes": [one["noise"].get("pace_change") for one in (first, second)],
        "noise_ok": bool(first["noise"]["ok"] and second["noise"]["ok"]),
    }


def _libraries(answer: Mapping[str, Any]) -> dict[str, str]:
    found = [answer["fingerprint"], *(mark["fingerprint"] for mark in answer["landmarks"])]
    return {name: version for one in found for name, version in one["libraries"].items()}


def _measured_cells(row: Mapping[str, Any]) -> list[str]:
    rank, resolution = row["rank_correlation"], row["resolution"]
    return [
        row["runtime"],
        str(row["sequence_length"]),
        str(row["fitted_on"]),
        str(row["held_out"]),
        f"{row['median_abs_percent_error']:.1f}%",
        f"{row['p90_abs_percent_error']:.1f}%",
        "" if rank is None else f"{rank:.4f}",
        f"±{100 * row['band']:.0f}%",
        "yes" if row["noise_ok"] else "no",
        "" if resolution is None else f"{100 * resolution:.1f}%",
        str(row["rounds"]),
        f"{row['seconds']:.0f}",
    ]


def _repeat_cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["runtime"],
        str(row["sequence_length"]),
        f"{100 * row['share_within_5_percent']:.0f}% of {row['architectures']}",
        f"{100 * row['shift']:+.1f}%",
        *("usual" if change is None else f"{100 * change:+.1f}%" for change in row["pace_changes"]),
        "yes" if row["noise_ok"] else "no",
    ]


def _landmark_part(result: Mapping[str, Any]) -> str:
    rows = [
        [
            row["name"],
            f"{row['parameter_count'] / 1e6:.1f} M",
            f"{row['published_parameter_count'] / 1e6:g} M",
            f"{row['effective_parameter_count'] / 1e6:.1f} M",
            f"{row['median_ms']:.1f} ({row['low_ms']:.1f} to {row['high_ms']:.1f})",
            *(_times(row, than) for than in ("BERT-large", "BERT-base")),
            ", ".join(f"{f:g} x {n}" for n, f in row["published_times_faster_than"].items()),
            row["source"],
        ]
        for row in result["landmarks"]
    ]
    quiet = "" if result["noise"]["ok"] else " (the machine was busy: read with care)"
    return (
        f"**{result['runtime']}, {result['sequence_length']} tokens**{quiet}\n\n"
        + _table(
            [
                "model",
                "parameters",
                "published",
                "without embeddings",
                "median ms",
                "times faster than BERT-large",
                "than BERT-base",
                "published",
                "source",
            ],
            rows,
        )
        + "\n"
    )


def _times(row: Mapping[str, Any], than: str) -> str:
    low, high = row["times_faster_interval"][than]
    return f"{row['times_faster_than'][than]:.1f} ({low:.1f} to {high:.1f})"


def _busy_sentence(noise: Mapping[str, Any] | None) -> str:
    if noise is None:
        return "Not tried yet."
    found = from_json(Noise, noise, what="the noise next to a busy loop")
    if found.ok:
        return "The noise check did **not** notice."
    return f"The noise check rejects it: {'; '.join(map(finding_words, found.reasons))}."


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PANEL, GAP, LEFT, TOP, BOTTOM = 300, 24, 52, 34, 44
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #222 }
  .grid { stroke: #8884; stroke-width: 1 }
  .equal { stroke: #888; stroke-dasharray: 4 4 }
  .fitted { fill: none; stroke: #999; stroke-width: 1.3 }
  .held { fill: #0072b2; fill-opacity: 0.8 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .held { fill: #56b4e9 } }
"""


class Dot(NamedTuple):
    """One architecture: milliseconds measured and predicted, and whether it was fitted on."""

    measured_ms: float
    predicted_ms: float
    fitted: bool


class Panel(NamedTuple):
    """One measurement."""

    title: str
    dots: Sequence[Dot]


def predicted_svg(panels: Sequence[Panel]) -> str:
    """Draw panels in rows of two with logarithmic axes and a dashed line of equality."""
    columns = min(2, max(1, len(panels)))
    rows = math.ceil(len(panels) / columns)
    width = LEFT + columns * (PANEL + GAP + LEFT)
    height = rows * (TOP + PANEL + BOTTOM) + 20
    body = "".join(
        f'<g transform="translate({LEFT + (k % columns) * (PANEL + GAP + LEFT)},'
        f'{TOP + (k // columns) * (TOP + PANEL + BOTTOM)})">{_panel(panel)}</g>'
        for k, panel in enumerate(panels)
    )
    legend = (
        f'<g transform="translate({LEFT},{height - 8})"><circle class="held" r="4" cy="-4"/>'
        '<text x="10">held out</text><circle class="fitted" r="4" cx="90" cy="-4"/>'
        '<text x="100">fitted on</text></g>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>Predicted against measured latency</title><style>{STYLE}</style>"
        f"{body}{legend}</svg>\n"
    )


def _panel(panel: Panel) -> str:
    values = [v for dot in panel.dots for v in (dot.measured_ms, dot.predicted_ms) if v > 0]
    low, high = math.log10(0.9 * min(values)), math.log10(1.1 * max(values))

    def place(milliseconds: float) -> float:
        return round(PANEL * (math.log10(max(milliseconds, 10**low)) - low) / (high - low), 1)

    lines = "".join(_grid(tick, place(tick)) for tick in _ticks(10**low, 10**high))
    dots = "".join(
        f'<circle class="{"fitted" if dot.fitted else "held"}" r="3.5" '
        f'cx="{place(dot.measured_ms)}" cy="{PANEL - place(dot.predicted_ms):.1f}"/>'
        for dot in sorted(panel.dots, key=lambda dot: not dot.fitted)
    )
    return (
        f'<text x="0" y="-12" font-weight="600">{escape(panel.title)}</text>{lines}'
        f'<line class="equal" x1="0" y1="{PANEL}" x2="{PANEL}" y2="0"/>{dots}'
        f'<text x="{PANEL / 2}" y="{PANEL + 34}" text-anchor="middle">measured (ms)</text>'
        f'<text transform="translate(-38,{PANEL / 2}) rotate(-90)" text-anchor="middle">'
        "predicted (ms)</text>"
    )


def _grid(tick: float, at: float) -> str:
    return (
        f'<line class="grid" x1="{at}" y1="0" x2="{at}" y2="{PANEL}"/>'
        f'<line class="grid" x1="0" y1="{PANEL - at:.1f}" x2="{PANEL}" y2="{PANEL - at:.1f}"/>'
        f'<text x="{at}" y="{PANEL + 16}" text-anchor="middle">{tick:g}</text>'
        f'<text x="-6" y="{PANEL - at + 4:.1f}" text-anchor="end">{tick:g}</text>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """List 1, 2 and 5 times each power of ten in the range."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]
