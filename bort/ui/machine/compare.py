"""Two profiles side by side: what differs between them, and the architectures of both."""

import pandas as pd
import streamlit as st

from bort.figures.latency import PairMark, plot_profiles
from bort.latency import compare
from bort.latency.profile import LatencyProfile
from bort.ui.kit import chart, frame, markup
from bort.ui.machine import verdict as machine_verdict


def show(a: LatencyProfile, b: LatencyProfile) -> None:
    """Facts in a table, latencies in a drawing and a table."""
    answer = compare.compared(a, b)
    marks = [
        PairMark(row["id"], row["a_ms"], row["b_ms"], row["distinguishable"])
        for row in answer["architectures"]
    ]
    for profile in (a, b):
        found = compare.differences_from_here(profile)
        if found:
            markup.notice(f"{profile.name} was measured on another machine or software.")
    found = answer["differences"]
    markup.note(f"Differences: {'; '.join(found)}." if found else "Same machine, same workload.")
    st.dataframe(_facts(a, b), hide_index=True, alt="What each profile is")
    if not marks:
        markup.notice("The two have no measured architecture in common.")
        return
    chart.show(
        plot_profiles(marks, a=a.name, b=b.name, theme=frame.theme()),
        key="side-by-side",
        alt=f"Latencies of {len(marks)} architectures in both profiles",
    )
    st.dataframe(
        pd.DataFrame(
            {
                "architecture": [mark.id for mark in marks],
                "first (ms)": [mark.a_ms for mark in marks],
                "second (ms)": [mark.b_ms for mark in marks],
                "second / first": [mark.b_ms / mark.a_ms for mark in marks],
                "apart": [mark.distinguishable for mark in marks],
            }
        ).round(3),
        hide_index=True,
        alt="Both profiles' latencies of each architecture",
    )


def _facts(a: LatencyProfile, b: LatencyProfile) -> pd.DataFrame:
    rows = [
        ("runtime", a.runtime, b.runtime),
        ("workload", str(a.workload), str(b.workload)),
        ("processor", a.fingerprint.cpu, b.fingerprint.cpu),
        ("model's median error", *(f"{p.model.median_abs_percent_error:.1f} %" for p in (a, b))),
        ("band", *(f"±{100 * p.band:.0f} %" for p in (a, b))),
        ("noise", *("quiet" if p.noise.ok else "not quiet" for p in (a, b))),
        ("measured", *(machine_verdict.moment(p.measured_at) for p in (a, b))),
    ]
    return pd.DataFrame(rows, columns=["", "first", "second"])
