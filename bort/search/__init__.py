"""The certified search: pure numpy; errors come in as numbers, answers go out as values."""

from bort.search.answer import Answer, solve
from bort.search.intervals import nugget_from_seeds, observation_of
from bort.search.ledger import Entry
from bort.search.loop import SearchStep, certified_search
from bort.search.observation import Observation
from bort.search.population import Population
from bort.search.problem import SearchProblem

__all__ = [
    "Answer",
    "Entry",
    "Observation",
    "Population",
    "SearchProblem",
    "SearchStep",
    "certified_search",
    "nugget_from_seeds",
    "observation_of",
    "solve",
]
