"""Anybody's results on the Pareto page: brought along, described by columns, chosen from."""

import json
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from visits import Open, drawn, shown

from bort.storage import Store
from bort.ui.kit import uploads

MARKUP = "<b>net</b> ![x](http://outside.example/x.png) $a$"
COLUMNS = {
    "size": "params",
    "latency": "latency_ms",
    "error": "accuracy",
    "error_se": None,
    "maximise": ["accuracy"],
    "dimensions": ["depth", "width"],
    "drop_failed": False,
}


def results() -> pd.DataFrame:
    rows = [
        (f"net-{d}-{w}", d, w, 1000 * d * w, 0.1 * d + w / 500, 95 - 60 / (d * w) ** 0.5)
        for d, w in product((1, 2, 4, 8), (16, 64, 256))
    ]
    frame = pd.DataFrame(rows, columns=["name", "depth", "width", *list(COLUMNS.values())[:3]])
    return frame.assign(name=[MARKUP, *frame["name"][1:]])


@pytest.fixture
def kept(store: Store, tmp_path: Path) -> str:
    """The reference of a kept file."""
    file = tmp_path / "bench.csv"
    results().to_csv(file, index=False)
    return uploads.reference(uploads.keep_file(file))


def test_the_form_recognises_the_columns_and_leads_to_the_front(kept: str, visit: Open) -> None:
    app = visit("pareto", table=kept)
    assert not app.exception
    assert [one.value for one in app.selectbox[:3]] == ["params", "latency_ms", "accuracy"]
    assert [one.value for one in app.toggle] == [False, False, True]
    assert app.multiselect[0].value == ["depth", "width"]
    assert len(app.dataframe[0].value) == 5
    next(button for button in app.button if button.label == "Show the front").click().run()
    assert not app.exception
    assert json.loads(app.query_params["columns"]) == COLUMNS
    assert drawn(app) == 5
    table = app.dataframe[-1].value
    assert {"params", "latency_ms", "error (%)", "depth"} <= set(table)


def test_blank_and_repeated_columns_do_not_stop_the_form(visit: Open, tmp_path: Path) -> None:
    frame = results().drop(columns="name").rename(columns={"latency_ms": "p50 [ms/text]"})
    frame = frame.assign(width=16, run_id=[f"r{i}" for i in range(len(frame))], notes=None)
    frame.loc[2, ["accuracy", "notes"]] = [None, "failed"]
    file = tmp_path / "odd.csv"
    frame.to_csv(file, index=False)
    app = visit("pareto", table=uploads.reference(uploads.keep_file(file)))
    assert [one.value for one in app.selectbox[:3]] == ["params", "p50 [ms/text]", "accuracy"]
    assert app.multiselect[0].value == ["depth", "width", "run_id"]
    assert "Show the front" in [button.label for button in app.button]


def test_a_link_shows_the_same_and_a_certified_search_is_one_click_away(
    kept: str, visit: Open
) -> None:
    limited = {"pick": "net-8-256", "at-most": ",1,"}
    app = visit("pareto", table=kept, columns=json.dumps(COLUMNS), view="axes", **limited)
    assert not app.exception
    assert "All 12 rows are known, so the front is exact" in app.expander[0].label
    assert "11 of 12 rows are left." in shown(app)
    assert "depth 8, width 256" in shown(app)
    assert "--from-table bench.csv --size params" in app.code[0].value
    assert drawn(app) == 2
    app.toggle(key=f"as-if:{kept}").set_value(True).run()
    assert not app.exception
    assert "of 12 rows evaluated" in shown(app)
    assert any("bort verify bench-certificate.json" in code.value for code in app.code)


def test_data_is_shown_as_text_wherever_labels_are_markdown(kept: str, visit: Open) -> None:
    app = visit("pareto", table=kept, columns=json.dumps(COLUMNS), pick=MARKUP, **{"with": "a%2Cb"})
    assert not app.exception
    labels = [one.label for one in (*app.button, *app.expander, *app.number_input)]
    assert not [label for label in labels if "](http" in label or "<b>" in label]
    assert "&lt;b&gt;net" in shown(app)


@pytest.mark.parametrize(
    ("table", "columns", "said"),
    [
        ("../../etc/passwd", "{}", "there is no uploaded file"),
        ("kept", '{"size": 3}', "the columns cannot be read"),
        ("kept", json.dumps(COLUMNS | {"size": "weights"}), "the table has no column weights"),
        ("kept", json.dumps(COLUMNS | {"error": "params"}), "one column cannot be two objectives"),
        ("kept", "[", ""),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    kept: str, visit: Open, table: str, columns: str, said: str
) -> None:
    app = visit("pareto", table=kept if table == "kept" else table, columns=columns)
    assert not app.exception
    assert said in shown(app)


def test_a_file_on_this_machine_and_one_that_is_no_table(
    store: Store, visit: Open, tmp_path: Path
) -> None:
    file = tmp_path / "words.csv"
    file.write_text("a,b\nx,y\n")
    app = visit("pareto", table="new")
    assert "Results from anywhere" in shown(app)
    app.segmented_control(key="bring").set_value("path").run()
    app.text_input(key="results-path").set_value(str(tmp_path / "gone.csv")).run()
    assert "cannot read" in shown(app)
    app.text_input(key="results-path").set_value(str(file)).run()
    assert app.query_params["table"].endswith("/words.csv")
    assert "0 columns of numbers, but three are needed" in shown(app)


def test_an_optuna_study_is_read_with_its_directions(
    store: Store, visit: Open, tmp_path: Path
) -> None:
    optuna = pytest.importorskip("optuna")
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    study = optuna.create_study(
        study_name="tuning", storage=url, directions=["minimize", "minimize", "maximize"]
    )
    width = optuna.distributions.IntDistribution(1, 9)
    for n in range(1, 6):
        study.add_trial(
            optuna.trial.create_trial(
                params={"width": n}, distributions={"width": width}, values=[n, n / 9, 80 + n]
            )
        )
    app = visit("pareto", table="new")
    app.segmented_control(key="bring").set_value("optuna").run()
    app.text_input(key="optuna-storage").set_value(url)
    app.text_input(key="optuna-study").set_value("gone").run()
    app.button(key="optuna-read").click().run()
    assert "no Optuna study &#x27;gone&#x27;" in shown(app)
    app.text_input(key="optuna-study").set_value("tuning").run()
    app.button(key="optuna-read").click().run()
    assert not app.exception
    assert app.query_params["table"].endswith("/tuning.csv")
    assert [one.value for one in app.selectbox[:3]] == ["value_0", "value_1", "value_2"]
    assert [one.value for one in app.toggle] == [False, False, True]
    assert app.multiselect[0].value == ["width"]
