"""A front as one HTML file: everything in it, nothing fetched, data as text."""

import json
import re
from itertools import product

import pandas as pd

from bort.core.question import Question
from bort.figures.report import front_report
from bort.studies.answers.rows import Columns
from bort.studies.answers.table import front_of_table
from bort.studies.choosing import Limits, choose
from bort.studies.recorded_table import frame_table

MARKUP = "</script><script>alert(1)</script><img src=http://outside.example/x.png>"


def test_the_report_has_charts_choice_claim_points_and_commands() -> None:
    rows = [
        (f"=net-{d}-{w}", d, w, 1000 * d * w, 0.1 * d + w / 500, 0.6 / (d * w) ** 0.3)
        for d, w in product((1, 2, 4), (16, 64))
    ]
    frame = pd.DataFrame(rows, columns=["name", "depth", "width", "size", "latency", "error"])
    frame.loc[0, "name"] = MARKUP
    table = frame_table(frame, size="size", latency="latency", error="error")
    columns = Columns("size", "latency", "error")
    answer = front_of_table(table, columns, Question())
    choice = choose(answer.points, Limits(error=30.0), columns)
    page = front_report(answer, choice, title=MARKUP, pick=MARKUP, again=["bort front <x>"])
    assert len(page.encode()) < 8_000_000
    assert MARKUP not in page
    assert "<img" not in page.replace(page[page.index("plotly.js v") :], "")
    found = re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    figures = json.loads(found[1])
    assert [len(figure["data"]) for figure in figures] == [6, 6, 6, 7]
    assert page.count("<tr>") >= len(rows) + 1
    assert "All 6 rows are known" in page
    assert "Picked: &lt;/script&gt;" in page
    assert "<pre>bort front &lt;x&gt;</pre>" in page
    assert "default-src 'none'" in page
    shown = dict(re.findall(r'data-exact="([^"]+)">([^<]+)</td>', page))
    assert len(shown) > len(rows)
    assert all(f"{float(exact):.4g}" == short for exact, short in shown.items())
