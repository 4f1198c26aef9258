"""`benchmarks.search.seeds`: searches that give seeds only where they decide something."""

import numpy as np
import pytest

from benchmarks.row_log import read_rows
from benchmarks.search import seeds
from benchmarks.search.guarantee import smooth_case
from benchmarks.search.seed_rules import Rule, SeededTable, Seeds, certificate, front_search
from bort.core.question import Question
from bort.search import Observation, certified_search
from bort.search.problem import SearchProblem

ON_DEMAND = Rule(1, margin=1.0)


def line(errors: list[list[float]]) -> SeededTable:
    """Make a space of one dimension, in which each architecture is dearer than the one before."""
    x = np.log(np.arange(1.0, len(errors) + 1))[:, None]
    problem = SearchProblem(("d",), x, np.exp(x[:, 0]), np.exp(x[:, 0]))
    return SeededTable("line", problem, np.array(errors))


@pytest.fixture(scope="module")
def smooth() -> SeededTable:
    whole = smooth_case(1)
    some = np.arange(0, len(whole.problem), 4)
    alone = whole.problem
    columns = {name: getattr(alone, name)[some] for name in ("coordinates", "size", "latency")}
    noise = np.random.default_rng(0).normal(0, 0.03, (len(some), 3))
    problem = SearchProblem(alone.names, **columns)
    return SeededTable("smooth", problem, whole.errors[some, None] * np.exp(noise))


def test_only_architectures_whose_order_is_open_get_another_seed() -> None:
    table = line([[0.30, 0.31, 0.29], [0.20, 0.21, 0.19], [0.199, 0.2, 0.2], [0.25, 0.2, 0.2]])
    found = Seeds(table, ON_DEMAND, start=0)
    found.errors = table.by_seed
    found.counts = {0: 3, 1: 1, 2: 1, 3: 1}
    assert found.unsettled() == 2  # 1 and 2 are tied; 3 is dearer than both, and surely worse
    found.counts[2] = 3
    assert found.unsettled() == 1
    found.counts[1] = 3
    assert found.unsettled() is None


def test_a_front_that_is_in_order_has_all_seeds_where_it_matters(smooth: SeededTable) -> None:
    *_, last = front_search(smooth, ON_DEMAND, start=0)
    *_, every = front_search(smooth, Rule(), start=0)
    assert len(last.evaluated) == len(every.evaluated) == len(smooth)
    assert len(smooth) < last.trainings < every.trainings == 3 * len(smooth)
    assert smooth.share(every.reported) == pytest.approx(1.0)
    assert smooth.share(last.reported) > 0.99


def test_looks_count_one_training_after_the_other(smooth: SeededTable) -> None:
    counts = [look.trainings for look in front_search(smooth, ON_DEMAND, start=1)]
    assert counts[:2] == [3, 6]  # the first two have all seeds
    assert np.diff(counts[1:]).tolist() == [1] * (len(counts) - 2)


def test_a_certificate_of_all_seeds_is_that_of_the_search(smooth: SeededTable) -> None:
    def trained(row: int) -> Observation:
        errors = smooth.shuffled(3)[row]
        error = float(errors.mean())
        return Observation(error, error, error, repeats=tuple(errors.tolist()))

    known = {row: trained(row) for row in smooth.first_rows(3)}
    steps = list(
        certified_search(smooth.problem, trained, question=Question(epsilon=0.25), known=known)
    )
    found = certificate(smooth, Rule(), 3, 0.25)
    assert found.architectures == len(known) + len(steps)
    assert found.trainings == 3 * found.architectures


def test_a_certificate_on_demand_trains_some_of_the_seeds(smooth: SeededTable) -> None:
    found = certificate(smooth, ON_DEMAND, 3, 0.25)
    assert found.architectures < found.trainings < 3 * found.architectures
    assert found.own_epsilon == found.true_epsilon <= 0.25


@pytest.mark.parametrize(
    ("name", "columns", "per_start"),
    [
        ("seeds-front", seeds.FRONT_COLUMNS, len(seeds.FRONT_RULES)),
        ("seeds-certificates", seeds.CERTIFICATE_COLUMNS, 2 * len(seeds.CERTIFICATE_RULES)),
    ],
)
def test_every_start_of_the_recorded_tables_was_measured(name, columns, per_start) -> None:
    rows = read_rows(seeds.BENCH / f"{name}.csv", columns)
    for table in seeds.TABLES:
        some = rows[rows["table"] == table]
        assert len(some) == per_start * seeds.STARTS
        assert not some.duplicated(["rule", "start"] + ["epsilon"] * ("epsilon" in columns)).any()
