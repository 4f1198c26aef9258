"""The steps of the Dockerfile, without Docker: what they copy, install, start and ask."""

import json
import os
import re
import shlex
import socket
import subprocess
import time

from installing import ROOT, run

PATIENCE_S = 60


def steps():
    """Read the Dockerfile's instructions as pairs of a keyword and its text."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def words_of(keyword):
    """Return the JSON list of an instruction that occurs once."""
    [text] = [text for key, text in steps() if key == keyword]
    return json.loads(text[text.index("[") :])


def free_port():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def test_what_it_copies_is_let_through():
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    copied = [text.split()[:-1] for key, text in steps() if key == "COPY" and "--from" not in text]
    names = {name for names in copied for name in names if name != "."}
    assert names == {"constraints.txt", "data/source-network.txt"}
    assert {name.split("/")[0] for name in names} <= allowed
    assert all((ROOT / name).exists() for name in allowed)


def test_what_is_let_through_makes_the_same_wheel(wheel, tmp_path):
    """The image builds from a part of the checkout; nothing of the wheel may be missing there."""
    from zipfile import ZipFile

    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for name in (line[1:] for line in allowed if line.startswith("!")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    [build] = [text for key, text in steps() if key == "RUN" and "hatchling build" in text]
    command = build.replace("python", shlex.quote(os.sys.executable), 1).replace("/wheel", "wheel")
    run("sh", "-c", command, cwd=tmp_path)
    [built] = (tmp_path / "wheel").glob("*.whl")
    ours, theirs = (set(ZipFile(path).namelist()) for path in (built, wheel))
    assert ours == theirs


def test_it_starts_and_says_that_it_is_well(full, tmp_path):
    [install] = [text for key, text in steps() if key == "RUN" and ".whl" in text]
    assert re.search(r"\[([\w,]+)\]", install)[1] == "app,train,onnx"  # the extras of `full`
    home, empty = tmp_path / "home", tmp_path / "empty"
    home.mkdir()
    empty.mkdir()
    assert ("ENV", "BORT_HOME=/data") in steps()
    inherited = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "BORT_STORE")}
    environment = {**inherited, "BORT_HOME": str(home)}
    port = str(free_port())
    bort, *options = (word.replace("8501", port) for word in words_of("CMD"))
    python, *question = (word.replace("8501", port) for word in words_of("HEALTHCHECK"))
    assert (bort, python) == ("bort", "python")

    def is_well():
        asked = [full, *question]
        done = subprocess.run(asked, env=environment, cwd=empty, capture_output=True, check=False)
        return done.returncode == 0

    assert not is_well()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [full.with_name("bort"), *options, "--no-prepare"],
            env=environment,
            cwd=empty,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + PATIENCE_S
        while not is_well():
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.5)
    finally:
        process.terminate()
        process.wait(30)
    assert not is_well()
