"""What a study certifies, in four numbers, a sentence and the ledger."""

import streamlit as st

from bort.answers import StudyAnswer
from bort.cli.report import summary
from bort.ui import markup

_WORDS = {"proved": "guaranteed", "conditional": "conditional", "none": "none"}


def show(answer: StudyAnswer) -> None:
    """The strip above the charts."""
    certified = answer.certified_epsilon
    with st.container(horizontal=True, gap="large", key="certificate"):
        st.metric("Trained", f"{answer.evaluations} of {answer.space_size:,}", width="content")
        st.metric(
            f"Needed at most for ε = {answer.epsilon:g}",
            f"{answer.evaluation_bound:,}",
            width="content",
        )
        st.metric(
            "Certified ε",
            "none yet" if certified is None else f"{certified:.3g}",
            width="content",
            help="The smallest ε that the trainings so far certify.",
        )
        st.metric("Certificate", _WORDS[answer.guarantee], width="content")
    markup.note(f"{summary(answer.as_json())} {_scope(answer)}")
    with st.expander("What this rests on"):
        ledger(answer)


def ledger(answer: StudyAnswer) -> None:
    """Every assumption with its status and evidence."""
    markup.table(
        ("assumption", "status", "evidence"),
        [(entry.assumption, entry.status, entry.evidence) for entry in answer.ledger],
    )
    if answer.excluded:
        markup.note("Left out, because every training diverged: " + ", ".join(answer.excluded))


def _scope(answer: StudyAnswer) -> str:
    n_dev = answer.points[0].n_dev if answer.points else None
    if answer.spec.search.confidence is not None:
        confidence = answer.spec.search.confidence
        return f"It speaks of the population, at {confidence:.0%} confidence."
    examples = f" of {n_dev:,} examples" if n_dev else ""
    return f"It speaks of the errors on this dev set{examples}, as trained."
