"""The table of trained architectures of several families."""

from dataclasses import dataclass

import pandas as pd

from bort.ui.front.table import dimension_columns


@dataclass
class Trained:
    architecture: dict[str, int]


def test_a_dimension_that_a_family_lacks_is_blank() -> None:
    shapes = (
        {"static.vocabulary": 1000, "static.hidden": 64},
        {"bert.depth": 2, "bert.hidden": 96},
    )
    frame = pd.DataFrame(dimension_columns(tuple(map(Trained, shapes))))
    assert list(frame) == ["family", "vocabulary", "hidden", "depth"]
    assert frame["family"].tolist() == ["static", "bert"]
    assert frame["hidden"].tolist() == [64, 96]
    assert frame["vocabulary"].isna().tolist() == [False, True]
    assert frame["depth"].isna().tolist() == [True, False]


def test_one_family_has_no_column_of_families() -> None:
    columns = dimension_columns((Trained({"depth": 2, "hidden": 96}),))
    assert list(columns) == ["depth", "hidden"]
    assert dimension_columns(()) == {}
