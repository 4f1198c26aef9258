"""Well-known models on this machine, beside what was published of them."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from bort.figures.latency_landmarks import LandmarkMark
from bort.jobs import list_jobs
from bort.measure.fingerprint import Fingerprint, differences, this_machine
from bort.ui import machine_verdict, markup, readings

BASE, LARGE = "BERT-base", "BERT-large"
HEADINGS = (
    "model",
    "parameters",
    "without embeddings",
    "median ms",
    "times faster than BERT-large",
    "than BERT-base",
    "published, and what differs",
)


def results() -> list[Mapping[str, Any]]:
    """What landmark jobs found, the newest first; cancelled ones count with their rounds."""
    jobs = list_jobs(readings.store(), kind="landmarks")
    return [job.result for job in jobs if job.result and job.result.get("landmarks")]


def marks_for(latency: Mapping[str, Any]) -> list[LandmarkMark]:
    """Landmarks timed on the runtime and workload of a study's latency; none if there are none.

    Args:
        latency: `StudyAnswer.latency`.
    """
    keys = ("runtime", "batch_size", "sequence_length", "threads")
    for result in results():
        if all(result[key] == latency.get(key) for key in keys):
            return [
                LandmarkMark(row["name"], row["parameter_count"] / 1e6, row["median_ms"])
                for row in result["landmarks"]
            ]
    return []


def show() -> None:
    """The table of the chosen result."""
    st.subheader("Well-known models here", anchor=False)
    found = results()
    if not found:
        markup.notice(
            "Not measured yet. Choose “Well-known models” above: BERT-large, BERT-base, "
            "DistilBERT, Bort, MiniLM-L6 and TinyBERT-4, beside what was published of them."
        )
        return
    number = st.selectbox(
        "Measurement", range(len(found)), format_func=lambda n: _title(found[n]), key="landmark-run"
    )
    result = found[number]
    machine = Fingerprint.from_dict(result["fingerprint"])
    here = this_machine(list(machine.libraries), threads=machine.threads)
    machine_verdict.origin(differences(machine, here))
    machine_verdict.show(result["noise"])
    markup.table(
        HEADINGS,
        [_row(row) for row in result["landmarks"]],
    )
    for sentence in result["announced"]:
        markup.note(sentence)


def _title(result: Mapping[str, Any]) -> str:
    return (
        f"{result['runtime']}, batch {result['batch_size']}, {result['sequence_length']} tokens, "
        f"{result['threads']} threads, {result['measured_at'][:16].replace('T', ' ')}"
    )


def _row(row: Mapping[str, Any]) -> list[str]:
    published = f"{row['published_parameter_count'] / 1e6:g} M parameters"
    speed = ", ".join(
        f"{factor:g} times {name}" for name, factor in row["published_times_faster_than"].items()
    )
    note = f" ({row['note']})" if row["note"] else ""
    words = " ".join(row["remarks"])
    return [
        row["name"],
        f"{row['parameter_count'] / 1e6:.1f} M",
        f"{row['effective_parameter_count'] / 1e6:.1f} M "
        f"({row['effective_share_of_large']:.1%} of BERT-large)",
        f"{row['median_ms']:.1f} ({row['low_ms']:.1f} to {row['high_ms']:.1f})",
        *(_times(row, name) for name in (LARGE, BASE)),
        f"{published}{f'; {speed}' if speed else ''}. {row['source']}{note}. {words}".strip(),
    ]


def _times(row: Mapping[str, Any], than: str) -> str:
    low, high = row["times_faster_interval"][than]
    return f"{row['times_faster_than'][than]:.1f} ({low:.1f} to {high:.1f})"
