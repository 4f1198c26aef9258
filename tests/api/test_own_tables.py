"""Searches in a frame and with a person's own functions."""

import itertools
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
import pytest

from bort import search_space, search_table
from bort.core.errors import BortError, InvalidOptionError
from bort.core.study import SearchSpec
from bort.latency import modules
from bort.latency.protocol import Protocol
from bort.latency.timing import Instruments
from bort.studies.answers.rows import Columns
from bort.studies.answers.table import search_table as search_rows
from bort.studies.recorded_table import read_table

SPACE = {"depth": [1, 2, 4, 8], "width": [16, 32, 64, 128], "act": ["relu", "gelu"]}


def size(net):
    return net["depth"] * net["width"] ** 2


def latency(net):
    return 0.1 * net["depth"] + 0.001 * net["width"]


def error(net):
    return 0.6 / (net["depth"] * net["width"]) ** 0.25 + 0.01 * (net["act"] == "relu")


@pytest.fixture
def frame():
    nets = [
        {"depth": d, "width": w, "act": a}
        for d in SPACE["depth"]
        for w in SPACE["width"]
        for a in SPACE["act"]
    ]
    rows = [
        {**net, "size": size(net), "latency": latency(net), "error": error(net)} for net in nets
    ]
    return pd.DataFrame(rows)


def test_a_frame_is_searched_as_its_file(frame, tmp_path):
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = search_table(frame.set_index(np.arange(100, 132)), epsilon=0.1)
    table = read_table(tmp_path / "table.csv")
    asked = SearchSpec.from_dict({"epsilon": 0.1})
    answer, content = search_rows(table, Columns("size", "latency", "error"), asked)
    assert found.front.index.tolist() == [point.id for point in answer.front]
    assert found.certificate.content["claim"] == content["claim"]
    assert len(found.evaluations) == answer.evaluations


def test_functions_give_the_answer_of_the_table_that_they_would_fill(frame):
    calls = []

    def train(net):
        calls.append(tuple(net.values()))
        return error(net)

    found = search_space(SPACE, size=size, latency=latency, error=train, epsilon=0.1, verbose=False)
    same = search_table(frame, epsilon=0.1)
    pd.testing.assert_frame_equal(found.front, same.front)
    assert found.certified_epsilon == same.certified_epsilon <= 0.1
    assert len(calls) == len(set(calls)) == len(found.evaluations)
    found.certificate.verify()


def test_every_architecture_is_within_the_certified_factor():
    found = search_space(SPACE, size=size, latency=latency, error=error, epsilon=0.3, verbose=False)
    factor = 1 + found.certified_epsilon
    trained = found.evaluations[["size", "latency", "error"]].to_numpy()
    for depth in SPACE["depth"]:
        for width in SPACE["width"]:
            for act in SPACE["act"]:
                net = {"depth": depth, "width": width, "act": act}
                costs = np.array([size(net), latency(net), error(net)])
                assert (trained <= factor * costs * (1 + 1e-12)).all(axis=1).any()


def test_an_executor_evaluates_several_at_once_and_changes_nothing():
    space = {"depth": [1, 2, 4, 8], "width": [16, 32, 64, 128]}
    costs = {
        "size": lambda net: net["depth"] * net["width"] ** 2,
        "latency": lambda net: 0.1 * net["depth"] + 0.001 * net["width"],
    }
    calls, three = itertools.count(), threading.Barrier(3)

    def error(net):
        if next(calls) < 3:
            three.wait(60)  # until three are evaluated at the same time
        return plain(net)

    alone = search_space(space, **costs, error=plain, parallel=3, audit=2, verbose=False)
    with ThreadPoolExecutor(3) as executor:
        several = search_space(
            space, **costs, error=error, executor=executor, parallel=3, audit=2, verbose=False
        )
    assert several.evaluations.equals(alone.evaluations)
    assert several.certificate.verify() is None
    with pytest.raises(InvalidOptionError, match="parallel"):
        search_space(space, **costs, error=plain, parallel=0, verbose=False)
    with ThreadPoolExecutor(2) as executor, pytest.raises(ZeroDivisionError):
        search_space(
            space, **costs, error=lambda net: 1 / 0, executor=executor, parallel=2, verbose=False
        )


def plain(net):
    return 0.6 / (net["depth"] * net["width"]) ** 0.25


def test_a_condition_a_budget_and_failures():
    def sometimes(net):
        return math.nan if net["depth"] == 8 else error(net)

    found = search_space(
        SPACE,
        size=size,
        latency=latency,
        error=sometimes,
        valid=lambda net: net["act"] == "gelu",
        goal="exhaustive",
        verbose=False,
    )
    assert set(found.evaluations["act"]) == {"gelu"}
    assert len(found.evaluations) == 12
    assert not (found.evaluations["depth"] == 8).any()


def test_confidence_needs_examples():
    given = {"size": size, "latency": latency, "error": error, "verbose": False, "budget": 12}
    found = search_space(SPACE, **given, confidence=0.9, examples=100_000)
    found.certificate.verify()
    with pytest.raises(BortError, match="examples"):
        search_space(SPACE, **given, confidence=0.9)


def test_torch_modules_are_counted_and_timed(monkeypatch, tmp_path):
    import torch

    monkeypatch.setattr("bort.core.locks.lock_path", lambda: tmp_path / "measuring.lock")
    quick = Protocol(budget_seconds=0.5, limit_seconds=1.0)
    timed = partial(modules.time_modules, instruments=Instruments(protocol=quick))
    monkeypatch.setattr(modules, "time_modules", timed)
    monkeypatch.setattr("bort.api.table.warnings.warn", lambda *_, **__: None)  # a busy machine
    before = torch.get_num_threads()

    def build(net):
        return torch.nn.Sequential(
            *[torch.nn.Linear(net["width"], net["width"]) for _ in range(net["depth"])]
        )

    found = search_space(
        {"depth": [1, 40], "width": [256]},
        build=build,
        inputs=(torch.zeros(1, 256),),
        threads=1,
        error=lambda net: 0.5 / net["depth"] ** 0.5,
        verbose=False,
    )
    small, large = found.evaluations.to_dict("records")
    assert small["size"] == 256 * 257
    assert large["size"] == 40 * small["size"]
    assert large["latency"] > 5 * small["latency"] > 0
    assert torch.get_num_threads() == before
    with pytest.raises(InvalidOptionError, match="build="):
        search_space(SPACE, size=size, error=error, verbose=False)
    with pytest.raises(InvalidOptionError, match="2 to 256"):
        list(modules.time_modules([], ()))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"error": lambda net: 30.0}, "from 0 to 1, got 30"),
        ({"error": lambda net: 0.0}, "examples="),
        ({"size": lambda net: 0}, "size must be finite and above 0, got 0 for 1-16-relu"),
        ({"size": [1, 2]}, "needs 32 numbers"),
        ({"latency": lambda net: "fast"}, "latency must be numbers"),
        ({"valid": lambda net: False}, "0 architectures"),
        ({"examples": 0}, "1 or more"),
        ({"epsilon": -1}, "epsilon"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_line(changed, message):
    given = {"size": size, "latency": latency, "error": error, "verbose": False, **changed}
    with pytest.raises(BortError, match=message) as caught:
        search_space(SPACE, **given)
    assert "\n" not in str(caught.value)


def test_a_dimension_has_several_values():
    with pytest.raises(BortError, match="different values"):
        search_space({"a": [1, 1]}, size=size, latency=latency, error=error)
    with pytest.raises(TypeError, match="no option 'epsilom'"):
        search_space(SPACE, size=size, latency=latency, error=error, epsilom=1)


def test_people_see_html_and_a_figure(frame):
    found = search_table(frame.rename(columns={"size": "<size>"}), size="<size>", epsilon=0.2)
    assert "&lt;size&gt;" in found._repr_html_()
    figure = found.plot("size", "error")
    marks = {i for trace in figure.data for i in (trace.customdata or ())}
    assert marks == set(map(str, found.evaluations.index))
    assert set(found.ledger.columns) >= {"assumption", "status", "evidence"}
    assert str(len(found.evaluations)) in found.summary
    with pytest.raises(InvalidOptionError, match="no objective 'speed'"):
        found.plot("speed")


def test_none_is_a_choice_like_the_others():
    """Two choices with one coordinate would bound each other: a wrong claim that verifies."""
    errors = {None: 0.05, "batch": 0.5, "layer": 0.45}
    found = search_space(
        {"norm": ["batch", None, "layer"], "width": [16, 32, 64, 128]},
        size=lambda net: net["width"],
        latency=lambda net: 1 + net["width"] / 100,
        error=lambda net: errors[net["norm"]],
        lipschitz={"norm": 2.5, "width": 0.1},
        slack=0.0,
        epsilon=0.25,
    )
    assert set(found.evaluations["norm"].fillna("none")) == {"none", "batch", "layer"}
    found.certificate.verify()


@pytest.mark.parametrize(
    ("dimensions", "told"),
    [
        ({"width": [16, None, 32]}, "missing value among its numbers"),
        ({"act": ["None", None]}, "list of different values"),
        ({"size": [1, 2]}, "the name of a result"),
    ],
)
def test_dimensions_that_would_be_mixed_up_are_refused(dimensions, told):
    with pytest.raises(BortError, match=told):
        search_space(dimensions, size=size, latency=latency, error=error)


def test_a_column_called_error_stays_what_it_is(frame):
    named = frame.rename(columns={"error": "loss", "depth": "error"})
    found = search_table(named, error="loss", epsilon=0.25)
    assert set(found.front["error"]) <= set(SPACE["depth"])
    assert found.front["error_found"].between(0, 1).all()


def test_an_audit_that_cannot_be_is_refused_before_the_first_evaluation():
    seen = []
    with pytest.raises(BortError, match="an audit trains 1 to"):
        search_space(
            {"depth": [1, 2, 4], "width": [16, 32, 64]},
            size=size,
            latency=latency,
            error=lambda net: seen.append(net) or 0.2,
            audit=9,
        )
    assert not seen
