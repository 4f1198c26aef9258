"""What a lesson writes as a formula is what the search's function computes.

Each formula is read from the page as a reader sees it, and evaluated: with letters, and with the
numbers that stand in it.
"""

import math
import re
from itertools import product

import numpy as np
import pytest

from bort.families.bert import BERT
from bort.families.space import FamilySpace
from bort.lessons.book import book
from bort.lessons.catalogue import lesson
from bort.lessons.epsilon import toy
from bort.lessons.piece import piece
from bort.lessons.weights.numbers import recorded
from bort.search.pareto import is_non_dominated
from bort.search.w_coefficient import w_coefficient

pytestmark = pytest.mark.browser

# Powers as `**(...)`, lines one below the other; a browser's own text loses both.
READ = """(place) => {
  const copy = place.cloneNode(true);
  copy.querySelectorAll("sup").forEach((one) => one.replaceWith(`**(${one.textContent})`));
  copy.querySelectorAll("br").forEach((one) => one.replaceWith("\\n"));
  return copy.textContent;
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    place = tmp_path_factory.mktemp("formulas") / "lessons.html"
    place.write_text(book(), encoding="utf-8")
    return place


@pytest.fixture
def reader(browser, file):
    """Open a lesson: `reader("weights", size=20)` returns its page."""
    page = browser.new_page()

    def opened(slug: str, **settings: object):
        query = "&".join(f"{name}={value}" for name, value in {"lesson": slug, **settings}.items())
        page.goto(f"{file.as_uri()}?{query}")
        page.wait_for_selector(".lesson[data-ready]")
        return page

    yield opened
    page.close()


def text_of(page, selector: str) -> str:
    return page.locator(selector).evaluate(READ)


def each_text(page, places: str, selector: str) -> dict[str, str]:
    """Touch each place of a picture, and read; by the place's number."""
    return page.evaluate(
        f"""([places, selector]) => {{
          const read = {READ};
          const number = (one) => one.dataset.cell ?? one.dataset.point;
          const numbers = [...document.querySelectorAll(places)].map(number);
          return Object.fromEntries(numbers.map((wanted) => {{
            const all = [...document.querySelectorAll(places)];
            const place = all.find((one) => number(one) === wanted);
            place.dispatchEvent(new MouseEvent("click", {{ bubbles: true }}));
            return [wanted, read(document.querySelector(selector))];
          }}));
        }}""",
        [places, selector],
    )


def value(formula: str, **letters: float) -> float:
    """Evaluate a formula as mathematicians write it: `2 a b` is a product, `ln p` a logarithm."""
    text = formula.translate(str.maketrans({"·": "*", "−": "-", "²": "**2"}))
    text = re.sub(r"\bln\s+([\w.]+)", r"ln(\1)", text.replace(",", ""))
    text = re.sub(r"(?<=[\w)])\s+(?=[A-Za-z(])", "*", text.strip())
    return eval(text, {"__builtins__": {}}, {"ln": math.log, **letters})


def test_the_formulas_of_mathematicians_are_read_rightly() -> None:
    assert value("2 (a b + a)", a=3, b=4) == 30
    assert value("2 D H² + D", D=2, H=5) == 102
    assert value("−(q ln p + (1 − q) ln(1 − p))", q=1, p=0.5) == pytest.approx(math.log(2))
    assert value("1,000 · 2") == 2000


@pytest.mark.parametrize("shape", [(3, 4, 4), (3, 3, 2), (5, 1, 6)])
def test_parameters_of_the_toy(reader, shape) -> None:
    inputs, width, outputs = shape
    page = reader("subarchitecture", inputs=inputs, width=width, outputs=outputs)
    _, letters, *numbers = text_of(page, "#count").split("=")
    sizes = {"factor": 2, "width": width, "inputs": inputs, "inner": width, "outputs": outputs}
    space = FamilySpace("toy", "toy", {name: (size,) for name, size in sizes.items()})
    (counted,) = space.parameter_count.tolist()
    assert value(letters, N=2, a=width, b=inputs, c=width, d=outputs) == counted
    assert [value(one) for one in numbers] == [counted] * 4


def test_who_beats_whom(reader) -> None:
    networks = piece(lesson("costs")).numbers["networks"]
    rows = {one["id"]: [one["parameters"], one["latency_ms"], one["error"]] for one in networks}
    page = reader("costs")
    told = each_text(page, "#scatter [data-point]", "#beats").values()
    compared = [text.split("\n") for text in told if "\n" in text]  # others beat nobody
    assert len(compared) > len(networks) / 2
    for *lines, verdict in compared:
        winner, loser = re.fullmatch(r"so (\S+) beats (\S+)", verdict).groups()
        assert is_non_dominated(np.array([rows[winner], rows[loser]])).tolist() == [True, False]
        for line, column in zip(lines, range(3), strict=True):
            assert f"({winner}) ≤ " in line
            left, right = re.fullmatch(r".*: ([\d,.]+)\D* ≤ ([\d,.]+)\D*", line).groups()
            for shown, name in ((left, winner), (right, loser)):
                scale = 100 if column == 2 else 1
                assert value(shown) == pytest.approx(scale * rows[name][column], abs=0.0051)


@pytest.mark.parametrize(("epsilon", "step"), [(0.25, 4), (0.25, 10), (0.5, 3)])
def test_the_condition_of_the_cover(reader, epsilon, step) -> None:
    numbers = piece(lesson("epsilon")).numbers
    (run,) = (one for one in numbers["runs"] if one["given"] and one["epsilon"] == epsilon)
    frame, errors = run["steps"][step], toy.errors()
    ids = [cell["id"] for cell in numbers["cells"]]
    page = reader("epsilon", epsilon=epsilon, step=step)
    told = each_text(page, "#map [data-cell]", "#condition")
    for cell in set(range(len(ids))) - set(run["picks"][:step]):
        letters, line = told[str(cell)].split("\n")
        witness = re.match(r"e\(([\d-]+)\)", letters)[1]
        assert letters.endswith(f"≤ (1 + ε) · lowest e({ids[cell]})")
        left, sign, factor, low = re.match(r"([\d.]+)% ([≤>]) ([\d.]+) · ([\d.]+)%", line).groups()
        assert float(left) == pytest.approx(100 * errors[ids.index(witness)], abs=0.051)
        assert float(factor) == pytest.approx(1 + epsilon)
        assert float(low) == pytest.approx(100 * frame["lower"][cell], abs=0.051)
        is_covered = "so it is covered" in line
        assert is_covered == (frame["covered"][cell] >= 0)
        assert sign == "≤" or not is_covered


def test_parameters_of_a_bert(reader) -> None:
    for vocabulary, depth, hidden, inner in [(30522, 24, 1024, 4096), (2000, 2, 128, 256)]:
        page = reader("abnc", vocabulary=vocabulary, depth=depth, hidden=hidden, intermediate=inner)
        sizes = {"D": depth, "H": hidden, "I": inner, "V": vocabulary}
        fixed = {"P": BERT.defaults["positions"], "T": BERT.defaults["types"]}
        letters = {**sizes, **fixed, "L": BERT.defaults["labels"]}
        at = {**BERT.defaults, "vocabulary": vocabulary, "depth": depth, "hidden": hidden}
        at |= {"heads": 8, "intermediate": inner}
        lines = text_of(page, "#formula").strip().split("\n")
        for line, part in zip(lines, ("first", "middle", "last"), strict=True):
            _, formula, shown = line.split("=")
            columns = {name: np.array([size]) for name, size in at.items()}
            counted = int(BERT.parameter_parts[part].over(columns, {})[0])
            assert value(formula, **letters) == value(shown) == counted


@pytest.mark.parametrize("shares", [(33, 33), (0, 100), (20, 30), (5, 1)])
def test_w(reader, shares) -> None:
    page = reader("weights", size=shares[0], latency=shares[1])
    letters, numbers = text_of(page, "#formula").split("\n")
    family = recorded()
    row = family.ids.index(page.locator('[data-value="winner"]').first.text_content())
    weights = [float(one) for one in re.findall(r"\*\*\(([\d.]+)\)", letters)]
    _, shown, w = numbers.split("=")
    own = w_coefficient(family.size, family.latency, family.error, weights=weights)[row]
    named = letters.split("=")[1].replace("p/p(T)", "p/P").replace("i/i(T)", "i/I")
    p, i = family.size, family.latency
    by_letters = value(named, p=p[row], P=p.max(), i=i[row], I=i.max(), e=family.error[row])
    assert by_letters == pytest.approx(own)
    assert value(shown) == pytest.approx(own, rel=0.02)  # its numbers are rounded
    assert float(w) == pytest.approx(own, rel=0.02)


def test_the_loss(reader) -> None:
    import torch

    for teacher, says in product((50, 80, 100), (10, 90)):
        page = reader("model", teacher=teacher, says=says)
        soft, hard = text_of(page, "#loss-formula").split("\n")
        q, p = teacher / 100, says / 100
        logits = torch.log(torch.tensor([[1 - p, p]], dtype=torch.float64))
        for line, target in ((soft, q), (hard, 1.0)):
            targets = torch.tensor([[1 - target, target]], dtype=torch.float64)
            own = float(torch.nn.functional.cross_entropy(logits, targets))
            _, formula, *numbers = re.split("[=:]", line)
            assert value(formula, q=target, p=p) == pytest.approx(own)
            assert [value(one) for one in numbers] == pytest.approx([own] * len(numbers), abs=6e-4)


def test_w_in_the_glossary(reader) -> None:
    text = reader("glossary").locator('[data-picture="w"] text').last.text_content()
    _, product_, w = text.split("=")
    assert value(product_) == pytest.approx(value(w), rel=0.02)
    assert value(w) == pytest.approx(piece(lesson("glossary")).numbers["w"]["w"], abs=0.0051)
