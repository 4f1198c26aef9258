"""Stored profiles: show one, compare two, import and export them."""

import json
from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from bort.core.errors import BortError
from bort.figures.latency import TimedMark, plot_predicted, plot_profiles, timed_marks
from bort.latency.compare import Comparison, compare, differences_from_here
from bort.latency.profile import LatencyProfile, parse_profile
from bort.latency.stored import import_profile
from bort.report.latency import compared_sentence, model_sentence, moment
from bort.report.numbers import counted
from bort.storage import Thing, ThingKind
from bort.ui.kit import access, chart, deleting, frame, later, markup, readings
from bort.ui.machine import verdict as machine_verdict


def show() -> None:
    """Show the section of stored profiles."""
    st.subheader("Profiles", anchor=False)
    profiles = _here_first(readings.profiles())
    if not profiles:
        markup.notice("No profile is stored yet. Measure this machine, or import a profile.")
    else:
        names = [profile.name for profile in profiles]
        asked = st.query_params.get("profile")
        left, right = st.columns(2)
        first = left.selectbox(
            "Profile",
            names,
            index=names.index(asked) if asked in names else 0,
            key=f"profile-a:{asked or ''}",  # an imported profile wins over an older choice
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
            _two(compare(by_name[first], by_name[second]))
    if access.may_change():
        _bring()


def _here_first(profiles: Sequence[LatencyProfile]) -> list[LatencyProfile]:
    """Put this machine's profiles first; each group stays sorted, newest first."""
    return sorted(profiles, key=lambda profile: bool(differences_from_here(profile)))


def _one(profile: LatencyProfile) -> None:
    left, right = st.columns([1.6, 1], gap="large")
    marks = timed_marks(profile)
    with left:
        if marks:
            chart.show(
                chart.Sketch.of(
                    plot_predicted, tuple(marks), band=profile.band, theme=frame.theme()
                ),
                key=f"predicted:{profile.name}",
                alt=f"Predicted against measured latency of {len(marks)} architectures",
            )
        else:
            markup.note(
                "It contains only the model, so there are no measured architectures to draw."
            )
    with right:
        _describe(profile)
        st.download_button(
            "Export as JSON",
            partial(_exported, profile),
            file_name=f"{profile.name}.json",
            mime="application/json",
            icon=":material/download:",
            key="export-profile",
            on_click="ignore",
        )
        thing = Thing(ThingKind.PROFILE, profile.name)
        deleting.button(thing, key="delete-profile", leave=_leave)
    if marks:
        with st.expander(f"All {len(marks)} measured architectures"):
            _table(marks)


def _exported(profile: LatencyProfile) -> str:
    return json.dumps(profile.to_dict(), indent=1, allow_nan=False)


def _leave() -> None:
    st.query_params.pop("profile", None)


def _describe(profile: LatencyProfile) -> None:
    title = f"The winners of {profile.study}" if profile.study else f"Space {profile.space_name}"
    markup.name(profile.name, f"{title}, measured {moment(profile.measured_at)}")
    machine_verdict.origin(differences_from_here(profile))
    machine_verdict.show(profile.noise)
    if not profile.complete:
        markup.note(
            f"Stopped early, after {counted(profile.rounds, 'round')}; searches do not use it."
        )
    model = profile.model
    rank = model.rank_correlation
    held_out = f"on {model.held_out} held out" if model.held_out else "leave-one-out"
    markup.facts(
        [
            ("Runtime", profile.runtime, str(profile.workload)),
            ("Model's error", f"{model.median_abs_percent_error:.1f}% median", held_out),
            ("90th percentile", f"{model.p90_abs_percent_error:.1f}%", ""),
            ("Rank correlation", "unknown" if rank is None else f"{rank:.3f}", "Spearman's"),
            ("Band", f"±{100 * model.band:.0f}%", "contains 9 of 10 architectures"),
            ("Measured", f"{len(profile.measurements)}", f"in {counted(profile.rounds, 'round')}"),
        ]
    )
    markup.note(model_sentence(profile))


def _table(marks: Sequence[TimedMark]) -> None:
    later.table(
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


def _two(found: Comparison) -> None:
    """Compare two profiles: facts in a table, latencies in a chart and a table."""
    for profile in (found.a, found.b):
        if differences_from_here(profile):
            markup.notice(f"{profile.name} was measured on another machine or software.")
    markup.note(compared_sentence(found))
    later.table(_facts(found.a, found.b), hide_index=True, alt="The two profiles")
    if not found.pairs:
        markup.notice("The two profiles have no measured architecture in common.")
        return
    chart.show(
        plot_profiles(found.pairs, a=found.a.name, b=found.b.name, theme=frame.theme()),
        key="side-by-side",
        alt=f"Latencies of {len(found.pairs)} architectures in both profiles",
    )
    later.table(
        pd.DataFrame(
            {
                "architecture": [pair.id for pair in found.pairs],
                "first (ms)": [pair.a_ms for pair in found.pairs],
                "second (ms)": [pair.b_ms for pair in found.pairs],
                "second / first": [pair.ratio for pair in found.pairs],
                "apart": [pair.distinguishable for pair in found.pairs],
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
        ("model's median error", *(f"{p.model.median_abs_percent_error:.1f}%" for p in (a, b))),
        ("band", *(f"±{100 * p.band:.0f}%" for p in (a, b))),
        ("noise", *("quiet" if p.noise.ok else "not quiet" for p in (a, b))),
        ("measured", *(moment(p.measured_at) for p in (a, b))),
    ]
    return pd.DataFrame(rows, columns=["", "first", "second"])


def _bring() -> None:
    with st.expander("Import a profile from another machine"):
        given = st.file_uploader("Profile as JSON", type=["json"], key="profile-file")
        name = st.text_input("Store it as", key="profile-import-name", placeholder="its own name")
        is_wanted = st.button("Store it", disabled=given is None, key="profile-import")
        if given is None or not is_wanted:
            return
        try:
            profile = parse_profile(given.getvalue(), origin=given.name)
            stored = import_profile(readings.store_to_change(), profile, name or None)
        except BortError as error:
            markup.problem(str(error))
            return
        st.query_params["profile"] = stored.name
        st.rerun()
