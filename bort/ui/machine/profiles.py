"""Stored profiles: one read closely, two side by side, in and out as files."""

import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bort.core.errors import BortError
from bort.figures.latency import TimedMark, plot_predicted
from bort.latency import compare
from bort.latency.profile import LatencyProfile, parse_profile
from bort.latency.stored import import_profile, stored_profiles
from bort.report.latency import model_sentence
from bort.ui.kit import chart, frame, markup, readings
from bort.ui.machine import compare as machine_compare
from bort.ui.machine import verdict as machine_verdict


def show() -> None:
    """The section below the form."""
    st.subheader("Profiles", anchor=False)
    profiles = _here_first(stored_profiles(readings.store()))
    if not profiles:
        markup.notice("No profile is stored yet. Measure this machine, or bring one as a file.")
    else:
        names = [profile.name for profile in profiles]
        asked = st.query_params.get("profile")
        left, right = st.columns(2)
        first = left.selectbox(
            "Profile", names, index=names.index(asked) if asked in names else 0, key="profile-a"
        )
        second = right.selectbox(
            "Compare with",
            [name for name in names if name != first],
            index=None,
            key="profile-b",
            placeholder="another profile",
        )
        by_name = {profile.name: profile for profile in profiles}
        if second is None:
            _one(by_name[first])
        else:
            machine_compare.show(by_name[first], by_name[second])
    _bring()


def _here_first(profiles: Sequence[LatencyProfile]) -> list[LatencyProfile]:
    """Those that hold for this machine, then the others; each the newest first."""
    return sorted(profiles, key=lambda profile: bool(compare.differences_from_here(profile)))


def _one(profile: LatencyProfile) -> None:
    left, right = st.columns([1.6, 1], gap="large")
    marks = _marks(profile)
    with left:
        if marks:
            chart.show(
                plot_predicted(marks, band=profile.band, theme=frame.theme()),
                key="predicted",
                alt=f"Predicted against measured latency of {len(marks)} architectures",
            )
        else:
            markup.note("It holds no measured architectures to draw, only the model.")
    with right:
        _describe(profile)
        st.download_button(
            "Export as JSON",
            json.dumps(profile.to_dict(), indent=1, allow_nan=False),
            file_name=f"{profile.name}.json",
            mime="application/json",
            icon=":material/download:",
            key="export-profile",
        )
    if marks:
        with st.expander(f"All {len(marks)} measured architectures"):
            _table(marks)


def _describe(profile: LatencyProfile) -> None:
    title = f"The winners of {profile.study}" if profile.study else f"Space {profile.space_name}"
    markup.name(profile.name, f"{title}, measured {machine_verdict.moment(profile.measured_at)}")
    machine_verdict.origin(compare.differences_from_here(profile))
    machine_verdict.show(profile.noise.to_dict())
    if not profile.complete:
        markup.note(f"Stopped early, after {profile.rounds} rounds; searches do not use it.")
    model = profile.model
    rank = model.rank_correlation
    held_out = f"on {model.held_out} held out" if model.held_out else "each left out once"
    markup.facts(
        [
            ("Runtime", profile.runtime, str(profile.workload)),
            ("Model's error", f"{model.median_abs_percent_error:.1f} % median", held_out),
            ("90th percentile", f"{model.p90_abs_percent_error:.1f} %", ""),
            ("Rank correlation", "unknown" if rank is None else f"{rank:.3f}", "Spearman's"),
            ("Band", f"±{100 * model.band:.0f} %", "holds 9 of 10 architectures"),
            ("Measured", f"{len(profile.measurements)}", f"in {profile.rounds} rounds"),
        ]
    )
    markup.note(model_sentence(profile.to_dict()))


def _marks(profile: LatencyProfile) -> list[TimedMark]:
    predicted = compare.predicted_ms(profile)
    if predicted is None:
        return []
    return [
        TimedMark(
            one.id,
            float(milliseconds),
            one.latency.median_ms,
            one.latency.low_ms,
            one.latency.high_ms,
            one.fitted,
        )
        for one, milliseconds in zip(profile.measurements, predicted, strict=True)
    ]


def _table(marks: Sequence[TimedMark]) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "architecture": [mark.id for mark in marks],
                "measured (ms)": [mark.measured_ms for mark in marks],
                "low (ms)": [mark.low_ms for mark in marks],
                "high (ms)": [mark.high_ms for mark in marks],
                "predicted (ms)": [mark.predicted_ms for mark in marks],
                "error (%)": [mark.error_percent for mark in marks],
                "fitted on": [mark.fitted for mark in marks],
            }
        ).round(3),
        hide_index=True,
        alt="Measured and predicted latency of each architecture",
    )


def _bring() -> None:
    with st.expander("Bring a profile from another machine"):
        given = st.file_uploader("Profile as JSON", type=["json"], key="profile-file")
        name = st.text_input("Store it as", key="profile-import-name", placeholder="its own name")
        is_wanted = st.button("Store it", disabled=given is None, key="profile-import")
        if given is None or not is_wanted:
            return
        try:
            profile = parse_profile(given.getvalue(), origin=given.name)
            stored = import_profile(readings.store(), profile, name or None)
        except BortError as error:
            markup.problem(str(error))
            return
        st.query_params["profile"] = stored.name
        st.session_state.pop("profile-a", None)
        st.rerun()
