"""Runs of `bort bench training`: their table, what they say together, and the files they lie in."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from bort.core.errors import InvalidDataError
from bort.core.files import write_atomically

Row = dict[str, Any]
_WHOLE = ("steps", "batch_size", "threads", "seed", "inherited_attempts")


def read_rows(folder: Path, setting: Mapping[str, int]) -> list[Row]:
    """Runs in `training.csv` of a folder, if any.

    Raises:
        InvalidDataError: they were made under another setting, and would be written over.
    """
    path = folder / "training.csv"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    try:
        rows = [_typed(row) for row in csv.DictReader(io.StringIO(text))]
        others = [row for row in rows if any(row[n] != value for n, value in setting.items())]
    except (KeyError, TypeError, ValueError):
        others = [{}]
    if others:
        asked = ", ".join(f"{name} {value}" for name, value in setting.items())
        raise InvalidDataError(
            f"{path} holds other runs than those of {asked}; choose another folder with --out"
        )
    return rows


def _typed(row: Mapping[str, str]) -> Row:
    return {
        name: text if name == "architecture" else int(text) if name in _WHOLE else float(text)
        for name, text in row.items()
    }


def summary(rows: Sequence[Row], oracle: Mapping[str, Any]) -> Row:
    """What the runs say: per architecture, and of all together.

    `error_difference` is our dev error less the Trainer's, paired by architecture and seed, with
    a 95 % interval by Student's t over the runs; its ends are None for a single run.
    """
    return {
        "steps": rows[0]["steps"] if rows else None,
        "batch_size": rows[0]["batch_size"] if rows else None,
        "oracle": dict(oracle),
        "speedup": median(row["speedup"] for row in rows),
        "error_difference": _difference([r["our_error"] - r["trainer_error"] for r in rows]),
        "architectures": _per_architecture(rows),
        "runs": list(rows),
    }


def _difference(values: Sequence[float]) -> dict[str, float | int | None]:
    from scipy import stats

    mean, n = fmean(values), len(values)
    if n < 2:
        return {"mean": mean, "low": None, "high": None, "runs": n}
    half = float(stats.t.ppf(0.975, n - 1) * stats.sem(values))
    return {"mean": mean, "low": mean - half, "high": mean + half, "runs": n}


def _per_architecture(rows: Sequence[Row]) -> list[Row]:
    """Medians of times, means of errors, in order of appearance."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["architecture"], []).append(row)
    return [
        {
            "architecture": name,
            "seeds": len(group),
            "trainer_steps_per_s": 1e3 / median(r["trainer_step_ms"] for r in group),
            "our_steps_per_s": 1e3 / median(r["our_step_ms"] for r in group),
            "speedup": median(r["speedup"] for r in group),
            "trainer_error": fmean(r["trainer_error"] for r in group),
            "our_error": fmean(r["our_error"] for r in group),
            "scratch_error": fmean(r["scratch_error"] for r in group),
            "inherited_error": fmean(r["inherited_error"] for r in group),
            "inherited_seconds": median(r["inherited_seconds"] for r in group),
        }
        for name, group in groups.items()
    ]


def report(answer: Row) -> str:
    """A Markdown table, which people can read in a terminal too."""
    lines = [
        "| architecture | seeds | Trainer steps/s | our steps/s | speedup | dev error: Trainer "
        "| ours | teacher's labels | and inherited | seconds |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in answer["architectures"]:
        lines.append(
            f"| {row['architecture']} | {row['seeds']} | {row['trainer_steps_per_s']:.1f} "
            f"| {row['our_steps_per_s']:.1f} | {row['speedup']:.1f} "
            f"| {row['trainer_error']:.3f} | {row['our_error']:.3f} "
            f"| {row['scratch_error']:.3f} | {row['inherited_error']:.3f} "
            f"| {row['inherited_seconds']:.1f} |"
        )
    lines += ["", f"Median speedup over all runs: {answer['speedup']:.1f}x."]
    found = answer["error_difference"]
    if found["low"] is not None:
        lines += [
            f"Our dev error minus the Trainer's, paired, {found['runs']} runs: "
            f"{found['mean']:+.4f} (95 %: {found['low']:+.4f} to {found['high']:+.4f})."
        ]
    return "\n".join(lines)


def write_report(folder: Path, answer: Row) -> None:
    """Write `training.md` and `training.csv`."""
    oracle = answer["oracle"]
    text = (
        "# Training: our path compared with transformers.Trainer\n\n"
        "bort has a training loop of its own, because a search needs dozens of short trainings. "
        "Is it quicker than the usual one, and as good? Here both train the same architectures "
        "from the same random weights, and take turns, so that a busy machine slows both.\n\n"
        "![Dev errors by labels and first weights](../images/training.svg)\n\n"
        "*Read the table like this*: the same hard labels, "
        f"{answer['steps']} steps of {answer['batch_size']}, the same learning rate; "
        f"{oracle['threads']} CPU threads, texts of at most {oracle['max_length']} tokens. The "
        "last three columns train as the search does, with the labels of a teacher whose dev "
        f"error is {oracle['teacher_dev_error']:.3f}: from scratch, then with inherited weights, "
        "and the seconds that one such training takes with its evaluation. "
        "`bort bench training --out docs/bench` writes this page; [training.md](../training.md) "
        "explains the loop.\n\n"
    )
    table = io.StringIO()
    writer = csv.DictWriter(table, fieldnames=list(answer["runs"][0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(answer["runs"])
    write_atomically(folder / "training.csv", table.getvalue().encode())
    write_atomically(folder / "training.md", f"{text}{report(answer)}\n".encode())
