"""Lesson 4: the costs of the parts are those of the built networks, and the verdicts follow."""

import pytest

from bort.core.architecture import Architecture
from bort.families.bert import BERT
from bort.lessons.abnc.numbers import DEPTHS, INNER, VOCABULARIES, WIDTHS, costs, numbers


@pytest.fixture(scope="module")
def found() -> dict:
    return numbers()


@pytest.mark.parametrize("at", [(0, 0, 0, 0), (3, 4, 1, 2), (5, 2, 3, 5)])
def test_costs_are_those_of_a_built_network(at: tuple[int, int, int, int]) -> None:
    vocabulary, depth, hidden, intermediate = at
    architecture = Architecture.of(
        depth=DEPTHS[depth], heads=8, hidden=WIDTHS[hidden], intermediate=INNER[intermediate]
    )
    model = BERT.build(architecture, {"vocabulary": VOCABULARIES[vocabulary]})
    parts = {"first": model.bert.embeddings, "middle": model.bert.encoder}
    counted = {n: sum(p.numel() for p in part.parameters()) for n, part in parts.items()}
    counted["last"] = sum(p.numel() for p in model.parameters()) - sum(counted.values())
    table = costs()
    assert table["first"]["parameters"][vocabulary][hidden] == counted["first"]
    assert table["middle"]["parameters"][depth][hidden][intermediate] == counted["middle"]
    assert table["last"]["parameters"][hidden] == counted["last"]
    assert table["first"]["operations"][vocabulary][hidden] == 0


def test_the_verdicts(found: dict) -> None:
    assert {one["name"]: one["holds"] for one in found["networks"]} == {
        "BERT-large": True,
        "BERT-base": True,
        "Bort": False,
        "MiniLM": False,
        "a small BERT": False,
        "GPT-2": True,
        "ViT-base": True,
    }
    published, small = found["spaces"]
    assert (published["count"], published["parameters"], published["operations"]) == (300, 154, 300)
    assert (small["count"], small["parameters"], small["operations"]) == (384, 0, 384)


def test_the_walk_leads_from_bert_large_to_bort(found: dict) -> None:
    walk = found["walk"]
    assert walk[0]["parameters"] == found["large"]["parameters"]
    assert walk[-1]["parameters"] == found["bort"]["parameters"]
    holds = [step["parameters"]["holds"] for step in walk]
    assert holds == sorted(holds, reverse=True)
    assert found["breaks"]["middle"] <= found["breaks"]["first"]


def test_the_formula_is_the_familys(found: dict) -> None:
    assert found["formulas"]["first"]["paper"] == "H P + H T + H V + 2 H"
    assert found["formulas"]["middle"]["paper"] == "2 D H I + 4 D H² + 9 D H + D I"
    assert found["formulas"]["last"]["paper"] == "H L + H² + H + L"
    for part, formula in found["formulas"].items():
        assert formula["code"] == str(BERT.parameter_parts[part])
