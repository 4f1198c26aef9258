import sys

import pytest
from made_up_table import made_up_table

from benchmarks.search.registry import SAMPLERS, choose_samplers
from benchmarks.search.runs import RunKey, run_sampler
from bort.core.errors import InvalidOptionError, MissingExtraError


@pytest.fixture
def table(tmp_path):
    return made_up_table(tmp_path)


PEERS = ("botorch", "botorch-known", "smac")


@pytest.mark.parametrize("name", list(SAMPLERS))
def test_every_sampler_evaluates_real_rows_once_and_repeats_with_its_seed(name, table):
    if name not in ("certified", "certified-cover", "guide", "random"):
        pytest.importorskip(name.split("-")[0] if name in PEERS else "optuna")
    limit = 11 if name.startswith("gp") else 15  # the process starts after ten random proposals

    def rows(seed):
        return [e.row for e in SAMPLERS[name].propose(table, seed, limit)]

    first = rows(3)
    assert 0 < len(first) <= limit
    assert len(set(first)) == len(first)
    assert set(first) <= set(range(len(table)))
    assert name == "gp" or first == rows(3)  # the slowest sampler runs only once


def test_a_proposal_that_the_table_lacks_costs_nothing(tmp_path):
    pytest.importorskip("optuna")
    table = made_up_table(tmp_path)
    lines = (tmp_path / "made-up.csv").read_text().splitlines()
    (tmp_path / "made-up.csv").write_text("\n".join(lines[:1] + lines[1::2]) + "\n")
    from benchmarks.search.recorded_tables import load_table

    sparse = load_table(str(tmp_path / "made-up.csv"))
    assert sparse.find(table.choice(1)) is None
    evaluated = [e.row for e in SAMPLERS["nsga2"].propose(sparse, 0, 9)]
    assert set(evaluated) <= set(range(len(sparse)))


def test_the_search_certifies_no_less_than_what_is_true(table):
    from benchmarks.search.table import true_epsilon

    evaluated = list(SAMPLERS["certified-cover"].propose(table, 0, len(table)))
    certified = evaluated[-1].certified_epsilon
    assert certified is not None
    assert true_epsilon(table.costs, [e.row for e in evaluated]) <= certified <= 0.25


def test_without_optuna_the_message_names_the_extra(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"bort\[bench\]"):
        list(SAMPLERS["tpe"].propose(table, 0, 3))


@pytest.mark.parametrize("name", ["botorch", "botorch-known", "smac"])
def test_without_a_peer_the_message_names_the_extra(name, table, monkeypatch):
    monkeypatch.setitem(sys.modules, name.split("-")[0], None)
    with pytest.raises(MissingExtraError, match=r"bort\[bench\]"):
        list(SAMPLERS[name].propose(table, 0, 3))


def test_a_slow_sampler_stops_when_it_has_found_the_front(table):
    full = run_sampler(table, SAMPLERS["guide"], key_of(table, "guide"))
    stops = SAMPLERS["guide"]._replace(until=0.9)
    short = run_sampler(table, stops, key_of(table, "guide"))
    assert short.rows == full.rows[: len(short.rows)]
    *before, last = table.shares(short.rows)
    assert last >= 0.9 > max(before)


def key_of(table, name):
    return RunKey(table.name, "digest", name, 0, len(table))


def test_an_unknown_sampler_is_one_clear_line():
    with pytest.raises(InvalidOptionError, match="unknown sampler magic; choose from all, cert"):
        choose_samplers("random,magic")
