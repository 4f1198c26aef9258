"""Watch an Agora run: its progress, its map and rounds, and what they did as a table."""

from collections.abc import Sequence
from pathlib import PurePath

import pandas as pd
import streamlit as st

from bort.agora.world import RoundSummary
from bort.core.agora import TorusSpec
from bort.jobs import JobRecord
from bort.report.agora import hyperparameter_words, result_sentence, verdict_words
from bort.studies.agora import StoredRun, corrections_in
from bort.ui.agora import explore
from bort.ui.agora import readings as agora_readings
from bort.ui.kit import access, address, job_parts, later, markup, navigation, readings

_COUNT = st.column_config.NumberColumn(format="localized")
_FORMATS = dict.fromkeys(("training set", "wrong", "proposed", "accepted"), _COUNT)


def show(job_id: int) -> None:
    """Show the run and its progress, then its map and points, then the rounds as a table."""
    if not job_parts.watch(job_id, navigation.AGORA, _draw, count=_rounds_done):
        st.button("Set up a run", on_click=address.choose_job, args=(None,), key="agora-new")
        return
    job = readings.job(job_id)
    if _rounds_done(job):
        later.watch()
        explore.show(job_id)
        if later.is_due():
            _table(agora_readings.run(job).summaries)
    job_parts.log(job)


def recent() -> None:
    """Link the latest runs."""
    job_parts.links(
        "Recent runs", agora_readings.recent(), navigation.AGORA, job_parts.study_or_kind
    )


def _rounds_done(job: JobRecord) -> int:
    return len(agora_readings.run(job).rounds)


def _draw(job: JobRecord) -> None:
    run = agora_readings.run(job)
    _head(job, run)
    job_parts.stages(job)
    job_parts.bar(job)
    with st.container():
        for warning in readings.warnings(job.id):
            markup.notice(warning)
        if not run.rounds:
            markup.notice(
                "The errors of each round will appear here when it ends."
                if job.state.is_active
                else "The run ended before its first round; the log says why. Resume it or set up "
                "another run."
            )


def _head(job: JobRecord, run: StoredRun) -> None:
    spec = run.spec  # the run's own record of the job is as old as its last round
    replay = corrections_in(job.spec)
    origin = "" if replay is None else f"; replays job {replay[0]} with corrections"
    student = spec.learner if isinstance(spec, TorusSpec) else spec.architecture
    about = (
        f"task {PurePath(job.spec['task']).name}, student {student}, labeler {spec.labeler}, "
        f"sampler {spec.sampler}"
    )
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        with st.container(width="content"):
            markup.name(job.study or job.kind, f"{job_parts.title(job)}{origin}; {about}.")
        with st.container(horizontal=True, width="content"):
            job_parts.cancel_button(job, key="agora-cancel")
            job_parts.resume_button(job, key="agora-resume")
            job_parts.delete_button(job, key="agora-delete")
            if access.may_change():
                st.button(
                    "New run",
                    icon=":material/add:",
                    type="tertiary",
                    key="agora-new",
                    on_click=address.choose_job,
                    args=(None,),
                )
    job_parts.early_end(job, "Resume it to continue after the last stored round.")


def _table(rows: Sequence[RoundSummary]) -> None:
    markup.label("Rounds")
    markup.note(result_sentence(rows[-1].final))
    st.dataframe(table(rows), hide_index=True, column_config=_FORMATS, alt="What each round did")
    markup.note(
        "Wrong: dev items that the round's student gets wrong. Betti: connected parts, loops "
        "and, on the torus, voids of the training set, computed from at most 200 landmarks. "
        "Coverage: share of dev and pool points within the radius of a training point. Surviving: "
        "hyperparameter sets that the next round trains."
    )


def table(rows: Sequence[RoundSummary]) -> pd.DataFrame:
    """Make a table with one line per round."""
    columns = {
        "round": [row.round for row in rows],
        "training set": [row.train_size for row in rows],
        "wrong": [row.errors_found for row in rows],
        "proposed": [row.proposed for row in rows],
        "accepted": [row.accepted for row in rows],
        "refused": [_refused(row) for row in rows],
        "dev error": [f"{row.dev_error:.2%}" for row in rows],
        "audit error": [_interval(row) for row in rows],
        "surviving": [_surviving(row) for row in rows],
        "Betti": [_betti(row) for row in rows],
        "coverage": [_coverage(row) for row in rows],
    }
    if any(row.replayed is not None for row in rows):
        repeats = ["" if row.replayed is None else f"round {row.replayed}" for row in rows]
        columns["replays"] = repeats
    return pd.DataFrame(columns)


def _surviving(row: RoundSummary) -> str:
    return ", ".join(map(hyperparameter_words, row.surviving_hyperparameters))


def _refused(row: RoundSummary) -> str:
    return ", ".join(f"{n:,} {verdict_words(reason)}" for reason, n in row.refused.items())


def _interval(row: RoundSummary) -> str:
    return f"{row.audit_error:.2%} ({100 * row.audit_low:.1f} to {100 * row.audit_high:.1f})"


def _betti(row: RoundSummary) -> str:
    return f"({', '.join(map(str, row.betti))})"


def _coverage(row: RoundSummary) -> str:
    return "" if row.coverage is None else f"{row.coverage:.1%}"
