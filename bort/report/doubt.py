"""How far a conditional claim can be trusted, and what an audit of it would say."""

from bort.core.question import Goal
from bort.report.numbers import duration
from bort.search.facts import Guarantee
from bort.search.trials import TRIALS, SpaceKind
from bort.studies.answers import StudyAnswer, TableAnswer

_TRIED = {
    SpaceKind.SMOOTH: "on smooth spaces like BERT's",
    SpaceKind.CONES: "on spaces with kinks",
    SpaceKind.MISLEADING: "on spaces made to mislead a search (needles, noise, ties, cliffs)",
}


def doubt_sentence(answer: StudyAnswer | TableAnswer) -> str:
    """Say how often a conditional claim was wrong in tests; nothing for other claims."""
    if answer.guarantee is not Guarantee.CONDITIONAL:
        return ""
    counted = [f"{trial.wrong} of {trial.claims} {_TRIED[trial.kind]}" for trial in TRIALS]
    return (
        f"In tests, conditional claims were wrong {', '.join(counted[:-1])} and {counted[-1]}. "
        "An audit tests this one without any assumption."
    )


def audit_offer_rows(answer: StudyAnswer) -> list[tuple[str, str, str]]:
    """List further audits: architectures to train, about how long, what they would say."""
    each = answer.seconds_each or 0.0
    what = "better than the best W" if answer.goal is Goal.BEST else "uncovered"
    return [
        (
            f"{offer.draws:,}",
            f"about {duration(offer.draws * each)}",
            f"at most {offer.share:.0%} of the rest {what}, {100 * offer.confidence:.6g}% "
            "confidence",
        )
        for offer in answer.audit_offers
    ]


def audit_offer_sentence(answer: StudyAnswer) -> str:
    """Say what further audits would cost and say if nothing fails in them."""
    rows = audit_offer_rows(answer)
    if not rows:
        return ""
    listed = "; ".join(f"{count} ({time}): {says}" for count, time, says in rows)
    return f"Architectures to audit, if none fails (--audit M with the same options): {listed}."
