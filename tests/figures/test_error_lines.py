"""The errors of baselines and teacher as lines in the charts of a front."""

import plotly.graph_objects as go
import pytest

from bort.core.baseline import Method, OracleFacts, Scored
from bort.figures import ERROR, LATENCY, SIZE
from bort.figures.models import add_error_lines


def score(method, error):
    return Scored(methods=(method,), error_rate=error, low=0, high=1, macro_f1=0.5, n=9)


FACTS = OracleFacts(
    source="s",
    source_sha256="ab",
    teacher="t",
    teacher_dev_error=0.05,
    device="cpu",
    threads=1,
    baselines=(score(Method.MAJORITY, 0.5), score(Method.TFIDF, 0.2), score(Method.PROBE, 0.1)),
)


@pytest.mark.parametrize(("x", "y", "axis"), [(SIZE, ERROR, "y"), (ERROR, LATENCY, "x")])
def test_each_error_is_a_line_across_its_axis(x, y, axis):
    shapes = add_error_lines(go.Figure(), FACTS, x, y, theme="light").layout.shapes
    lines = [shape for shape in shapes if shape.layer == "below"]
    assert [line[f"{axis}0"] for line in lines] == [20.0, 10.0, 5.0]
    assert {shape.label.text.strip(): shape[f"{axis}0"] for shape in names_of(shapes)} == {
        "tf-idf": 20.0,
        "linear probe": 10.0,
        "teacher": 5.0,
    }
    assert all(shape[f"{axis}0"] == shape[f"{axis}1"] for shape in shapes)


def test_no_name_is_cut_by_the_grid_or_stands_where_the_front_begins():
    shapes = add_error_lines(go.Figure(), FACTS, SIZE, ERROR, theme="light").layout.shapes
    names = names_of(shapes)
    assert {shape.layer for shape in names} == {"above"}
    at_start = [shape.label.text.strip() for shape in names if shape.label.textposition == "start"]
    assert at_start == ["teacher"]


def names_of(shapes):
    return [shape for shape in shapes if shape.label.text]


@pytest.mark.parametrize(("facts", "y"), [(FACTS, LATENCY), (None, ERROR)])
def test_no_error_no_line(facts, y):
    assert not add_error_lines(go.Figure(), facts, SIZE, y, theme="dark").layout.shapes
