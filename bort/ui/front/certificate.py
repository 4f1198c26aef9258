"""Show what a study certifies: one line, which unfolds to numbers, ledger and certificate."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from html import escape
from pathlib import Path

import streamlit as st

from bort.core.baseline import OracleFacts
from bort.latency.compare import differences_from_here
from bort.latency.stored import named_profile
from bort.report.baselines import baselines_sentence, beaten_sentence, teacher_sentence
from bort.report.doubt import audit_offer_rows, doubt_sentence
from bort.report.latency import misfit_sentence
from bort.report.ledger import STATUSES, spot_checked_epsilon, words
from bort.report.numbers import rounded_up
from bort.report.rivals import losses
from bort.report.search import (
    GUARANTEES,
    NOISY,
    besides,
    claim_line,
    origin_sentence,
    scope,
    summary,
)
from bort.search import Fact, Status
from bort.storage import StudyRecord
from bort.studies.answers import StudyAnswer, TableAnswer
from bort.studies.commands import search_command
from bort.ui.kit import later, markup, readings, saving, terms
from bort.ui.machine import verdict as machine_verdict

# Shape and word show the status too, because not everybody sees colours.
_MARKS = {
    Status.CHECKED: "✓",
    Status.ESTIMATED: "≈",
    Status.ASSUMED: "?",
    Status.VIOLATED: "✕",
}


def ledger(answer: StudyAnswer | TableAnswer) -> None:
    """Show every assumption with its evidence."""
    st.html(f'<div class="bort-ledger">{"".join(map(_row, answer.ledger))}</div>')
    markup.note("; ".join(f"{_MARKS[s]} {s}: {text}" for s, text in STATUSES.items()) + ".")


def show(answer: StudyAnswer) -> None:
    """Show what is certified in one line, which unfolds to numbers, sentences and ledger."""
    if beaten := beaten_sentence(answer):
        markup.notice(beaten)
    for line in [] if answer.rivals is None else losses(answer.rivals):
        markup.notice(line)
    found = readings.warnings(answer.job)
    count = len(found) + (answer.latency.noise_ok is False)
    warned = f":orange[{count} {'warning' if count == 1 else 'warnings'}.] " if count else ""
    with st.expander(warned + claim_line(answer), key="claim"):
        _numbers(answer)
        markup.note(f"{besides(answer)} {scope(answer)}".strip())
        _doubt(answer)
        _notes(answer, found)
        _say_origin(answer)
        if answer.ledger:
            _assumptions(answer)


def _numbers(answer: StudyAnswer) -> None:
    certified = answer.certified_epsilon
    word, meaning = GUARANTEES[answer.guarantee]
    with st.container(horizontal=True, gap="large", key="certificate"):
        st.metric("Trained", f"{answer.evaluations} of {answer.space_size:,}", width="content")
        st.metric(
            f"Most needed for ε = {answer.epsilon:g}",
            f"{answer.evaluation_bound:,}",
            width="content",
        )
        st.metric(
            "Certified ε",
            "none yet" if certified is None else rounded_up(certified),
            width="content",
            help=terms.explained(
                "The smallest ε certified by all trainings so far. Choose the next larger ε on the "
                "slider to see a cover for it.",
                "epsilon",
                "cover",
            ),
        )
        st.metric(
            "Certificate",
            word,
            width="content",
            help=meaning,
        )
        if checked := spot_checked_epsilon(answer.ledger):
            share, epsilon = checked
            st.metric(
                f"Spot-checked ε, all but {share:.0%}",
                rounded_up(epsilon),
                width="content",
                help=terms.explained("Holds whatever λ is, with 95% confidence.", "audit"),
            )


def _say_origin(answer: StudyAnswer) -> None:
    """Say if the study's latencies come from another machine."""
    name = answer.latency.profile
    if name and not answer.latency.is_this_machine:
        machine_verdict.origin(differences_from_here(named_profile(readings.store(), name)))


def claim(answer: StudyAnswer) -> None:
    """Show the claim in full, warnings, and the ledger."""
    markup.note(f"{summary(answer)} {scope(answer)}")
    _doubt(answer)
    _notes(answer, readings.warnings(answer.job))
    if answer.ledger:
        counts = Counter(fact.status for fact in answer.ledger)
        counted = ", ".join(f"{counts[s]} {s}" for s in STATUSES if counts[s])
        is_violated = bool(counts[Status.VIOLATED])
        with st.expander(f"What the claim rests on: {counted}", expanded=is_violated):
            _assumptions(answer)


def before_training(study: StudyRecord, job: int) -> None:
    """Show what the candidates of a search will be compared with, before the first is trained."""
    _say_baselines(study.facts)
    for warning in readings.warnings(job):
        markup.notice(warning)


def _say_baselines(facts: OracleFacts | None) -> None:
    if facts is not None and facts.baselines:
        markup.note(f"{baselines_sentence(facts)} {teacher_sentence(facts)}")


def _doubt(answer: StudyAnswer) -> None:
    """Say how far a conditional claim can be trusted, and offer audits by what they would say."""
    if doubt := doubt_sentence(answer):
        markup.note(doubt)
    if answer.audit_offers:
        headings, offers = ("Audit", "Time", "If none of them fails"), audit_offer_rows(answer)
        markup.table(headings, offers)
        saving.as_csv("audits", headings, offers)
        first = answer.audit_offers[min(1, len(answer.audit_offers) - 1)].draws
        asked = replace(answer.spec, search=replace(answer.spec.search, audit=first))
        markup.note(f"For example: {search_command(asked)}")


def _notes(answer: StudyAnswer, found: Iterable[str]) -> None:
    _say_baselines(answer.facts)
    if origin := origin_sentence(answer.origin, answer.unrecorded):
        markup.note(origin)
    if answer.latency.noise_ok is False:
        markup.problem(NOISY)
    if misfits := misfit_sentence(answer):
        markup.notice(misfits)
    for warning in found:
        markup.notice(warning)


def _assumptions(answer: StudyAnswer) -> None:
    """Show every assumption with its evidence, and how to check the claim."""
    ledger(answer)
    terms.row("lambda", "tau", "audit")
    if answer.excluded:
        markup.note(
            "Left out because every training diverged: " + ", ".join(map(str, answer.excluded))
        )
    _take_away(answer)


def _row(fact: Fact) -> str:
    assumption, evidence = words(fact)
    mark, status = _MARKS[fact.status], fact.status
    return (
        f'<div class="bort-entry is-{status}"><span class="bort-status">'
        f'<b aria-hidden="true">{mark}</b>{status}</span>'
        f"<p><strong>{escape(assumption)}</strong>{escape(evidence)}</p></div>"
    )


def _take_away(answer: StudyAnswer) -> None:
    """Offer the certificate as a file, with the command that checks it."""
    if answer.certificate is None:
        return
    path = Path(answer.certificate)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.download_button(
            "Download the certificate",
            data=path.read_bytes,
            file_name=f"{answer.study}-certificate.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="download-certificate",
        )
        later.code(f"bort verify {answer.study}-certificate.json", language="bash", width="content")
    markup.note(
        "It contains the claim at the study's own ε, weights and unit of size, with every number "
        "behind it. bort verify recomputes everything and does not trust the search."
    )
