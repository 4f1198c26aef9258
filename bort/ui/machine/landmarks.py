"""Well-known models on this machine, compared with their published figures."""

from typing import Any

import pandas as pd
import streamlit as st

from bort.core.machine import differences, this_machine
from bort.figures.latency import LandmarkMark
from bort.jobs import list_jobs
from bort.latency.landmarks import BASE, LARGE, LandmarkTiming, TimedLandmark
from bort.report.latency import claim_sentence, moment, times_faster
from bort.report.numbers import counted
from bort.studies.answers import LatencyBasis
from bort.ui.kit import later, markup, readings
from bort.ui.machine import verdict as machine_verdict


def results(*, examples: bool) -> list[LandmarkTiming]:
    """Results of landmark jobs, newest first; cancelled jobs count if they completed rounds.

    Args:
        examples: those that were recorded elsewhere, or those of this store.
    """
    return [
        LandmarkTiming.from_dict(job.result)
        for job in list_jobs(readings.store(), kind="landmarks")
        if job.is_example == examples and job.result and job.result.get("landmarks")
    ]


def marks_for(latency: LatencyBasis) -> list[LandmarkMark]:
    """Landmarks timed with the runtime and workload of a study's latency, if any."""
    if latency.machine is None:
        return []
    for result in results(examples=False):
        work = {"runtime": result.runtime, **result.workload.to_dict()}
        same_work = all(getattr(latency, key) == value for key, value in work.items())
        if same_work and not differences(latency.machine, result.fingerprint):
            return [
                LandmarkMark(mark.name, mark.parameter_count / 1e6, mark.median_ms)
                for mark in result.landmarks
            ]
    return []


def show() -> None:
    """Show the table of the chosen result."""
    st.subheader("Well-known models here", anchor=False)
    own, examples = results(examples=False), results(examples=True)
    found = [*own, *examples]
    if not own:
        markup.notice(
            "Not measured yet. Choose “Well-known models” above to time BERT-large, BERT-base, "
            "DistilBERT, Bort, MiniLM-L6 and TinyBERT-4 and compare them with their published "
            "figures."
        )
    if not found:
        return
    number = st.selectbox(
        "Measurement",
        range(len(found)),
        format_func=lambda n: f"{'Example: ' * (n >= len(own))}{_title(found[n])}",
        key=f"landmark-run:{len(found)}",
    )
    result = found[number]
    if number >= len(own):
        cpu = result.fingerprint.cpu or "an unknown processor"
        markup.note(f"A finished example, recorded elsewhere, on {cpu}.")
    machine = result.fingerprint
    here = this_machine(list(machine.libraries), threads=machine.threads)
    machine_verdict.origin(differences(machine, here))
    machine_verdict.show(result.noise)
    later.table(
        pd.DataFrame([_numbers(mark) for mark in result.landmarks]),
        hide_index=True,
        alt="Parameters, latency and speed of well-known models here",
    )
    markup.label("Published figures, and what differs here")
    markup.facts([_words(mark) for mark in result.landmarks])


def _title(result: LandmarkTiming) -> str:
    work = result.workload
    return (
        f"{result.runtime}, batch {work.batch_size}, {work.sequence_length} tokens, "
        f"{counted(work.threads, 'thread')}, {moment(result.measured_at)}"
    )


def _numbers(mark: TimedLandmark) -> dict[str, Any]:
    return {
        "model": mark.name,
        "parameters (M)": round(mark.parameter_count / 1e6, 1),
        "published (M)": mark.published_parameter_count / 1e6,
        "without embeddings (M)": round(mark.effective_parameter_count / 1e6, 1),
        "of BERT-large (%)": round(100 * mark.effective_share_of_large, 1),
        "median (ms)": round(mark.median_ms, 1),
        "95% interval (ms)": f"{mark.low_ms:.1f} to {mark.high_ms:.1f}",
        "times faster than BERT-large": times_faster(mark, LARGE),
        "than BERT-base": times_faster(mark, BASE),
    }


def _words(mark: TimedLandmark) -> tuple[str, str, str]:
    speed = "".join(
        f", {factor:g} times as fast as {name}"
        for name, factor in mark.published_times_faster_than.items()
    )
    note = f"; {mark.note}" if mark.note else ""
    published = f"{mark.published_parameter_count / 1e6:g} M parameters{speed}"
    differs = " ".join(map(claim_sentence, mark.claims)) or "Agrees to the published digits."
    return mark.name, f"{published}. {differs}", f"{mark.source}{note}"
