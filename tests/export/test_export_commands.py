"""`bort export`, `bort import` and `bort predict` on the command line."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from made_up_model import write_model

from bort.cli.export import export
from bort.cli.import_ import import_
from bort.cli.predict import predict
from bort.core.errors import BortError
from bort.storage import open_store

WITHOUT_US = """
import sys
class Nobody:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "bort":
            raise ImportError("bort is not installed here")
sys.meta_path.insert(0, Nobody())
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
AutoModelForSequenceClassification.from_pretrained(sys.argv[1])
classify = pipeline("text-classification", model=sys.argv[1])
print(classify("a lovely film")[0]["label"])
assert not [m for m in sys.modules if m.split(".")[0] == "bort"]
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.delenv("BORT_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    with open_store() as store:
        yield write_model(store, tmp_path)


def answer_of(command, *arguments):
    done = CliRunner().invoke(command, [*map(str, arguments), "--json"])
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout)


def test_from_a_model_to_answers(model, tmp_path):
    exported = answer_of(export)
    assert exported["path"] == "made-up-model-hf"
    (tmp_path / "texts.txt").write_text("a lovely film\nso dull\n", encoding="utf-8")
    answers = answer_of(predict, exported["path"], "texts.txt", "--out", "answers.jsonl")
    assert [row["label"] for row in answers["predictions"]] != []
    assert answers["n"] == 2
    written = (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(written[0])["label"] == answers["predictions"][0]["label"]
    done = CliRunner().invoke(predict, [exported["path"], "texts.txt"])
    assert "a lovely film" in done.output


def test_answers_never_replace_their_texts(model, tmp_path):
    answer_of(export, "--out", "model")
    texts = "text\na lovely film\n"
    (tmp_path / "texts.csv").write_text(texts, encoding="utf-8")
    for out, message in [
        ("texts.csv", "would replace a file that this command reads"),
        ("nowhere/a.csv", "no folder"),
        ("a.txt", "does not end with"),
    ]:
        with pytest.raises(BortError, match=message):
            answer_of(predict, "model", "texts.csv", "--out", out)
    assert (tmp_path / "texts.csv").read_text(encoding="utf-8") == texts


def test_answers_that_are_not_sure_enough_are_rejected(model, tmp_path):
    answer_of(export, "--out", "model")
    texts = ["a lovely film", "so dull", "a plot", "a film"]
    (tmp_path / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    with pytest.raises(BortError, match="does not say how sure"):
        answer_of(predict, "model", "texts.txt", "--accuracy", "0.9")
    all_answers = answer_of(predict, "model", "texts.txt")["predictions"]
    scores = sorted(row["score"] for row in all_answers)
    config = json.loads((tmp_path / "model" / "config.json").read_text(encoding="utf-8"))
    known = {"n": 400, "scores": [0.5, scores[2]], "answered": [400, 300], "right": [300, 298]}
    (tmp_path / "model" / "config.json").write_text(
        json.dumps({**config, "dev_reliability": known}), encoding="utf-8"
    )
    found = answer_of(predict, "model", "texts.txt", "--accuracy", "0.95")
    assert found["threshold"]["score"] == scores[2]
    assert found["threshold"]["answered"] == 0.75
    assert 0.95 < found["threshold"]["least"] < found["threshold"]["accuracy"] == 298 / 300
    wanted = [row["label"] if row["score"] >= scores[2] else None for row in all_answers]
    assert [row["label"] for row in found["predictions"]] == wanted
    assert found["rejected"] == wanted.count(None) > 0
    done = CliRunner().invoke(predict, ["model", "texts.txt", "--accuracy", "0.95"])
    assert "is right on 99.3% of those; with 95% confidence on at least" in done.stderr
    with pytest.raises(BortError, match="enough for an accuracy of 0"):
        answer_of(predict, "model", "texts.txt", "--accuracy", "0.99")
    with pytest.raises(BortError, match="must be between 0 and 1"):
        answer_of(predict, "model", "texts.txt", "--accuracy", "95")
    for wrong in ({**known, "answered": [400, 0]}, {**known, "right": [1]}, {**known, "n": 1}, []):
        (tmp_path / "model" / "config.json").write_text(
            json.dumps({**config, "dev_reliability": wrong}), encoding="utf-8"
        )
        with pytest.raises(BortError, match=r"config\.json"):
            answer_of(predict, "model", "texts.txt", "--accuracy", "0.95")


def test_many_texts_show_their_progress_and_keep_their_order(model, tmp_path):
    answer_of(export, "--out", "model")
    texts = ["a lovely film so dull", "a film"] * 600
    (tmp_path / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    done = CliRunner().invoke(predict, ["model", "texts.txt", "--json"])
    assert "Classifying texts" in done.stderr
    scores = [row["score"] for row in json.loads(done.stdout)["predictions"]]
    assert scores[::2] == pytest.approx([scores[0]] * 600, abs=1e-6)
    assert scores[1::2] == pytest.approx([scores[1]] * 600, abs=1e-6)


def test_empty_texts_get_no_answer(model, tmp_path):
    answer_of(export, "--out", "model")
    (tmp_path / "texts.txt").write_text("a lovely film\n\n  \nso dull\n", encoding="utf-8")
    answers = answer_of(predict, "model", "texts.txt")
    assert [row["row"] for row in answers["predictions"]] == [0, 3]
    assert answers["empty"] == 2
    done = CliRunner().invoke(predict, ["model", "texts.txt", "--out", "answers.csv"])
    assert done.exit_code == 0
    header = (tmp_path / "answers.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "row,label,score,score of bad,score of good"
    (tmp_path / "blank.txt").write_text("\n\n", encoding="utf-8")
    with pytest.raises(BortError, match="contains no text"):
        answer_of(predict, "model", "blank.txt")


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.csv", 'text\n"a film"\n""\n"a\nplot"\n\n"so dull"\n\n', [0, 2, 4]),
        ("b.csv", "id,text\n10,a film\n11,\n,\n13,a plot\n,\n", [0, 3]),
        ("a.tsv", "text\tid\na film\t1\n\t\na plot\t2\n", [0, 2]),
        ("a.jsonl", '{"text": "a film"}\n\n{"text": null}\n{"text": "a plot"}\n', [0, 3]),
        ("b.jsonl", '{"text": "\\ud83d film"}\n{"text": "a plot"}\n', [0, 1]),
        ("a.txt", "a film\u2028and\x85a plot\n\nso dull\n", [0, 2]),
    ],
)
def test_rows_have_the_numbers_of_the_file(model, tmp_path, name, content, rows):
    answer_of(export, "--out", "model")
    (tmp_path / name).write_text(content, encoding="utf-8")
    found = answer_of(predict, "model", name)
    assert [row["row"] for row in found["predictions"]] == rows
    lines = CliRunner().invoke(predict, ["model", name]).stdout.splitlines()
    assert len(lines) == len(rows), "one line per text"


def test_pairs_are_answered_and_half_a_pair_is_refused(tmp_path, monkeypatch):
    from transformers import pipeline

    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with open_store() as store:
        folder = write_model(store, tmp_path, text=("premise", "hypothesis")).folder
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["tokenizer_class"] = "PreTrainedTokenizerFast"  # by itself it gives no segments
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    answer_of(export, "--out", "pairs")
    rows = "premise,hypothesis\na film,a plot\na film,\nso dull,so silly\n"
    (tmp_path / "a.csv").write_text(rows)
    both = ["--text", "premise,hypothesis"]
    found = answer_of(predict, "pairs", "a.csv", *both)
    assert [row["row"] for row in found["predictions"]] == [0, 2]
    assert found["empty"] == 1
    assert "a film\ta plot" in CliRunner().invoke(predict, ["pairs", "a.csv", *both]).stdout
    with pytest.raises(BortError, match=r"reads pairs of texts \(premise,hypothesis\)"):
        answer_of(predict, "pairs", "a.csv", "--text", "premise")
    (tmp_path / "a.txt").write_text("a film\n")
    with pytest.raises(BortError, match="has one text per line"):
        answer_of(predict, "pairs", "a.txt", *both)
    classify = pipeline("text-classification", model="pairs")
    assert classify.tokenizer("so dull", "so silly")["token_type_ids"][-1] == 1
    theirs = classify({"text": "so dull", "text_pair": "so silly"}, truncation=True)
    assert theirs["score"] == pytest.approx(found["predictions"][1]["score"], abs=1e-4)
    card = (tmp_path / "pairs" / "README.md").read_text(encoding="utf-8")
    example = '{"text": "Put the premise here.", "text_pair": "Put the hypothesis here."}'
    assert f"classify({example}, truncation=True)" in card


def test_a_model_of_single_texts_refuses_pairs(model, tmp_path):
    answer_of(export, "--out", "model")
    (tmp_path / "a.csv").write_text("a,b\na film,a plot\n")
    with pytest.raises(BortError, match="reads single texts"):
        answer_of(predict, "model", "a.csv", "--text", "a,b")


def test_the_folder_is_read_without_our_package(model, tmp_path):
    answer_of(export, "--out", "model")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_US, str(tmp_path / "model")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("good", "bad")


def test_a_bundle_goes_out_and_comes_in(model, tmp_path, monkeypatch):
    exported = answer_of(export, model.name, "--format", "bundle", "--out", "model.zip")
    assert {f["name"] for f in exported["files"]} >= {"model.zip", "model/model.safetensors"}
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "elsewhere"))
    imported = answer_of(import_, "model.zip")
    assert imported["model"] == model.name
    assert imported["study_imported"]
    done = CliRunner().invoke(import_, ["model.zip"])
    assert f"{model.name}-2" in done.output


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (export, ["nobody"], "there is no model 'nobody'"),
        (export, ["--format", "tar"], "unknown format 'tar'"),
        (import_, ["nothing.zip"], "there is no file nothing.zip"),
        (import_, ["x.zip", "--out", "y.csv"], "--out needs --optuna"),
        (import_, ["sqlite:///trials.db"], "name one of its studies"),
        (predict, ["nothing", "texts.txt"], "there is no folder nothing"),
    ],
)
def test_mistakes_are_told_in_one_line(model, command, arguments, message):
    with pytest.raises(BortError) as caught:
        answer_of(command, *arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
