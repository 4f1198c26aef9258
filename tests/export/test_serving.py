"""`bort serve`: answers over HTTP are those of the model, and what is wrong is said in one line."""

import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner
from made_up_model import write_model
from starlette.testclient import TestClient

from bort.cli.serve import _hosts, serve
from bort.core.errors import BortError
from bort.export.predicting import Answer, Predictor
from bort.export.serving import MAX_BODY, MAX_TEXTS, make_server
from bort.storage import open_store

PAIRS = ("premise", "hypothesis")


class Stub:
    """A model that likes long texts, and remembers how many it read at once."""

    folder, labels, runtime = Path("made-up"), ["bad", "good"], "stub"

    def __init__(self, columns=("text",)):
        self.columns, self.read = columns, []

    def __call__(self, texts):
        self.read.append(len(texts))
        shares = [min(0.9, 0.1 * len(text)) for text in texts]
        return [
            Answer("good" if p > 0.5 else "bad", max(p, 1 - p), {"bad": 1 - p, "good": p})
            for p in shares
        ]


@pytest.fixture
def client():
    with TestClient(make_server(Stub(), hosts=["testserver"])) as opened:
        yield opened


def test_texts_get_labels_and_scores_in_their_order(client):
    asked = {"texts": ["long enough", "no"]}
    first, second = client.post("/predict", json=asked).json()["predictions"]
    assert first == {
        "label": "good",
        "score": 0.9,
        "scores": {"bad": pytest.approx(0.1), "good": 0.9},
    }
    assert (second["label"], second["score"]) == ("bad", 0.8)


def test_answers_that_are_not_sure_enough_are_rejected():
    with TestClient(make_server(Stub(), hosts=["*"], least_score=0.85)) as client:
        found = client.post("/predict", json={"texts": ["long enough", "no"]}).json()
    assert [one["label"] for one in found["predictions"]] == ["good", None]


def test_requests_at_the_same_time_are_read_together():
    model = Stub()
    with TestClient(make_server(model, hosts=["*"])) as client, ThreadPoolExecutor(16) as pool:
        texts = [f"{'x' * i}" for i in range(1, 33)]
        found = list(pool.map(lambda t: client.post("/predict", json={"texts": [t]}).json(), texts))
        counted = client.get("/metrics").text
    assert [one["predictions"][0]["scores"]["good"] for one in found] == [
        min(0.9, 0.1 * len(text)) for text in texts
    ]
    assert sum(model.read) == 32
    assert "bort_texts_total 32.0" in counted
    assert 'bort_requests_total{status="200"} 32.0' in counted


def test_what_is_not_there_is_an_error_too(client):
    assert client.get("/nothing").json() == {"error": "Not Found"}
    assert client.get("/predict").json() == {"error": "Method Not Allowed"}


def test_health_names_the_model_and_its_labels(client):
    told = client.get("/health")
    assert told.status_code == 200
    assert told.json() == {
        "status": "ok",
        "model": "made-up",
        "runtime": "stub",
        "labels": ["bad", "good"],
    }


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"texts": []}, 422, "at least 1 item"),
        ({"texts": ["a"] * (MAX_TEXTS + 1)}, 422, f"at most {MAX_TEXTS}"),
        ({"texts": "a text"}, 422, "valid list"),
        ({"texts": [1]}, 422, "valid string"),
        ({"text": ["a"]}, 422, "Field required"),
        ({"texts": ["a", "  "]}, 422, r"texts\[1\] is empty"),
        ({"texts": [["a", "b"]]}, 422, "the model reads one text"),
        ({"texts": [["a", "b", "c"]]}, 422, "has 3 parts"),
        ({"texts": ["x" * (MAX_BODY + 1)]}, 413, "larger than"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(client, body, status, said):
    told = client.post("/predict", json=body)
    assert told.status_code == status
    assert re.search(said, told.json()["error"])
    assert "\n" not in told.json()["error"]
    assert len(told.json()["error"]) < 300


def test_pairs_and_halves_of_characters():
    with TestClient(make_server(Stub(PAIRS), hosts=["*"])) as client:
        body = '{"texts": [["a \\ud800", "b"]]}'
        told = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
        assert told.status_code == 200
        half = client.post("/predict", json={"texts": ["alone"]})
        assert half.json() == {"error": "the model reads a pair of texts, but texts[0] is not that"}


def test_no_foreign_name_and_no_foreign_page_is_answered(client):
    assert client.get("/health", headers={"Host": "evil.example"}).status_code == 400
    told = client.post("/predict", json={"texts": ["a"]}, headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in told.headers
    plain = client.post(
        "/predict", content='{"texts": ["a"]}', headers={"Content-Type": "text/plain"}
    )
    assert plain.status_code == 422  # what a page of another origin could send without asking


def test_the_address_that_is_printed_is_answered():
    for host, name in (("::1", "[::1]:8000"), ("127.0.0.2", "127.0.0.2:8000")):
        server = make_server(Stub(), hosts=_hosts(host, ()))
        with TestClient(server) as client:
            assert client.get("/health", headers={"Host": name}).status_code == 200


def test_the_command_answers_as_the_model_does_and_ends_when_told(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    with open_store() as store:
        folder = write_model(store, tmp_path).folder
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from bort.cli import main; main()",
            "serve",
            str(folder),
            "--port",
            "0",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "BORT_HOME": str(tmp_path)},
    )
    try:
        address = re.search(r"http://\S+/predict", process.stdout.readline())[0]
        body = json.dumps({"texts": ["a lovely film", "great"]}).encode()
        with urlopen(Request(address, body, {"Content-Type": "application/json"})) as told:
            found = json.load(told)["predictions"]
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=60)
    assert (process.returncode, rest) == (-signal.SIGTERM, "")
    expected = Predictor(folder)(["a lovely film", "great"])
    assert [one["label"] for one in found] == [answer.label for answer in expected]
    assert [one["score"] for one in found] == pytest.approx([answer.score for answer in expected])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "there is no folder"),
        (("--port", "99999"), "between 0 and 65535"),
        (("--accuracy", "2"), "between 0 and 1"),
        (("--host", "0.0.0.0"), "lets other machines in"),
        (("--host", "somewhere"), "must be an IP address"),
    ],
)
def test_the_command_refuses_before_it_listens(tmp_path, options, said):
    done = CliRunner().invoke(serve, [str(tmp_path / "nothing"), *options])
    assert isinstance(done.exception, BortError)
    assert said in str(done.exception)
