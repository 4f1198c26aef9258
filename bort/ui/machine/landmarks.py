"""Well-known models on this machine, beside what was published of them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from bort.core.machine.fingerprint import Fingerprint, differences, this_machine
from bort.figures.latency_landmarks import LandmarkMark
from bort.jobs import list_jobs
from bort.ui.kit import markup, readings
from bort.ui.machine import verdict as machine_verdict

BASE, LARGE = "BERT-base", "BERT-large"


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
    machine = latency.get("machine")
    if machine is None:
        return []
    theirs = Fingerprint.from_dict(machine)
    for result in results():
        same_work = all(result[key] == latency.get(key) for key in keys)
        if same_work and not differences(theirs, Fingerprint.from_dict(result["fingerprint"])):
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
    st.dataframe(
        pd.DataFrame([_numbers(row) for row in result["landmarks"]]),
        hide_index=True,
        alt="Parameters, latency and speed of well-known models here",
    )
    markup.label("Published, and what differs here")
    markup.facts([_words(row) for row in result["landmarks"]])
    for sentence in result["announced"]:
        markup.note(sentence)


def _title(result: Mapping[str, Any]) -> str:
    return (
        f"{result['runtime']}, batch {result['batch_size']}, {result['sequence_length']} tokens, "
        f"{result['threads']} threads, {machine_verdict.moment(result['measured_at'])}"
    )


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": row["name"],
        "parameters (M)": round(row["parameter_count"] / 1e6, 1),
        "published (M)": row["published_parameter_count"] / 1e6,
        "without embeddings (M)": round(row["effective_parameter_count"] / 1e6, 1),
        "of BERT-large (%)": round(100 * row["effective_share_of_large"], 1),
        "median (ms)": round(row["median_ms"], 1),
        "95 % interval (ms)": f"{row['low_ms']:.1f} to {row['high_ms']:.1f}",
        "times faster than BERT-large": _times(row, LARGE),
        "than BERT-base": _times(row, BASE),
    }


def _words(row: Mapping[str, Any]) -> tuple[str, str, str]:
    speed = "".join(
        f", {factor:g} times as fast as {name}"
        for name, factor in row["published_times_faster_than"].items()
    )
    note = f"; {row['note']}" if row["note"] else ""
    published = f"{row['published_parameter_count'] / 1e6:g} M parameters{speed}"
    differs = " ".join(row["remarks"]) or "Agrees, to the digits published."
    return row["name"], f"{published}. {differs}", f"{row['source']}{note}"


def _times(row: Mapping[str, Any], than: str) -> str:
    low, high = row["times_faster_interval"][than]
    return f"{row['times_faster_than'][than]:.1f} ({low:.1f} to {high:.1f})"
