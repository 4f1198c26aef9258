"""The certified search: pure numpy; errors come in as numbers, answers go out as values."""

from bort.search.answer import Answer, solve
from bort.search.facts import Fact, Guarantee, Status
from bort.search.intervals import Population, nugget_from_seeds, observation_of
from bort.search.loop import SearchStep, certified_search, parallel_search
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.search.state import Ending

__all__ = [
    "Answer",
    "Ending",
    "Fact",
    "Guarantee",
    "Observation",
    "Population",
    "SearchProblem",
    "SearchStep",
    "Status",
    "certified_search",
    "nugget_from_seeds",
    "observation_of",
    "parallel_search",
    "solve",
]
