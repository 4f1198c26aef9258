"""The state of this machine: facts, load, the running measurement, recent ones."""

import streamlit as st

from bort.core.locks import holder
from bort.core.machine import this_machine
from bort.core.serialise import from_json
from bort.jobs import JobRecord, JobState, list_jobs
from bort.latency.noise import MAX_OTHERS_SHARE, Noise, OthersShare
from bort.report.jobs import STATES, ending_reason
from bort.report.numbers import counted, duration
from bort.ui.kit import address, hidden, job_parts, markup, navigation, readings
from bort.ui.machine import verdict as machine_verdict

POLL_S = 3.0
SHOWN = ("torch", "onnxruntime", "openvino", "transformers")

KINDS = {
    "latency": "a search space",
    "winners": "a study's winners",
    "landmarks": "well-known models",
}


def watch(job_id: int) -> None:
    """Show a measurement, and refresh while it is active."""
    job_parts.watch(job_id, navigation.MACHINE, _draw)


def recent(limit: int = 4) -> None:
    """List the latest measurements in any state."""
    found = [job for kind in KINDS for job in list_jobs(readings.store(), kind=kind, limit=limit)]
    latest = sorted(found, key=lambda job: -job.id)[:limit]
    job_parts.links("Recent measurements", latest, navigation.MACHINE, lambda job: KINDS[job.kind])


def _draw(job: JobRecord) -> None:
    with st.container(border=True):
        _head(job)
        _progress(job)
        _result(job)
        job_parts.log(job)


def _head(job: JobRecord) -> None:
    what = job.spec.get("study") or (job.spec.get("space") or {}).get("name") or ""
    markup.name(
        f"Measuring {KINDS[job.kind]}{f' ({what})' if what else ''}",
        f"Job {job.id} {STATES[job.state]}; {duration(job.seconds)} so far."
        if job.state.is_active
        else f"Job {job.id} {STATES[job.state]} after {duration(job.seconds)}.",
    )


def _progress(job: JobRecord) -> None:
    job_parts.bar(job)
    with st.container(horizontal=True):
        job_parts.cancel_button(job, key="machine-cancel")
        job_parts.delete_button(job, key="machine-delete")
        st.button(
            "New measurement",
            icon=":material/add:",
            type="tertiary",
            key="machine-new",
            on_click=address.choose_job,
            args=(None,),
        )


def _result(job: JobRecord) -> None:
    result = job.result or {}
    with st.container():
        if job.state in (JobState.FAILED, JobState.LOST):
            reason = "reason unknown" if job.ending is None else ending_reason(job.ending)
            markup.problem(
                f"Not finished: {reason}. Complete rounds are kept; continue with: "
                f"bort jobs resume {job.id}"
            )
        elif job.state is JobState.CANCELLED and not result.get("noise"):
            markup.notice("Cancelled before the first round was complete, so nothing was stored.")
        elif job.state is JobState.CANCELLED:
            are = "is" if result["rounds"] == 1 else "are"
            markup.notice(
                f"Cancelled; {counted(result['rounds'], 'complete round')} {are} kept. Searches do "
                "not use this measurement automatically."
            )
        if result.get("noise"):
            machine_verdict.show(from_json(Noise, result["noise"], what=f"job {job.id}"))
        if result.get("profile"):
            markup.note(f"Stored as {result['profile']}; choose it below.")


def facts() -> None:
    """Show the facts in a profile's fingerprint."""
    machine = this_machine(SHOWN, threads=0)
    markup.label("This machine")
    installed = [f"{name} {v}" for name, v in machine.libraries.items() if v != "absent"]
    markup.facts(
        [
            ("Processor", machine.cpu, machine.cpu_details),
            ("Cores", str(machine.cores), f"{machine.logical_cpus} hardware threads"),
            ("Memory", f"{machine.memory_gib} GiB", machine.os),
            ("Software", ", ".join(installed) or "no runtime installed", ""),
        ]
    )
    st.fragment(_load, run_every=hidden.pace(POLL_S))()


def _load() -> None:
    """Show how busy the machine is, and who is measuring."""
    before: OthersShare | None = st.session_state.get("machine-load")
    st.session_state["machine-load"] = OthersShare()
    with st.container():
        who = holder()
        if who is not None:
            markup.notice(f"Being measured by {who}. Trainings pause meanwhile.")
        elif before is not None and (share := before.read()) > MAX_OTHERS_SHARE:
            markup.notice(
                f"Busy: other processes are using {share:.0%} of the CPU. A measurement would "
                f"be marked as too noisy (more than {MAX_OTHERS_SHARE:.0%})."
            )
        else:
            markup.note("Quiet: no measurement is running, and other processes use little CPU.")
