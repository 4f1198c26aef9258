"""The goals of a search, each an object with what differs between them."""

from bort.core.question import Goal, Question
from bort.search.goals.base import AuditedClaim, SearchGoal
from bort.search.goals.best import Best
from bort.search.goals.cover import Cover, Everything

__all__ = ["GOALS", "AuditedClaim", "SearchGoal", "goal_of"]

GOALS: dict[Goal, type[SearchGoal]] = {
    Goal.COVER: Cover,
    Goal.BEST: Best,
    Goal.PAPER: Everything,
    Goal.EXHAUSTIVE: Everything,
}


def goal_of(question: Question) -> SearchGoal:
    """The goal that a question asks for."""
    return GOALS[question.goal](question)
