"""Which machine this is, and whether somebody is measuring it."""

import streamlit as st

from bort.core.machine.fingerprint import this_machine
from bort.core.machine.locks import holder
from bort.latency.noise import MAX_OTHERS_SHARE, OthersShare
from bort.ui.kit import markup

POLL_S = 3.0
SHOWN = ("torch", "onnxruntime", "openvino", "transformers")


def show() -> None:
    """The facts that a profile's fingerprint holds."""
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
    _load()


@st.fragment(run_every=POLL_S)
def _load() -> None:
    """How busy it is between two looks, and who measures."""
    before: OthersShare | None = st.session_state.get("machine-load")
    st.session_state["machine-load"] = OthersShare()
    with st.container():
        who = holder()
        if who is not None:
            markup.notice(f"Being measured by {who}. Trainings pause meanwhile.")
        elif before is not None and (share := before.read()) > MAX_OTHERS_SHARE:
            markup.notice(
                f"Busy just now: other processes take {share:.0%} of the CPU. A measurement would "
                f"be marked as too noisy to trust (more than {MAX_OTHERS_SHARE:.0%})."
            )
        else:
            markup.note("Quiet just now: nobody measures, and little else runs.")
