"""Libraries send nothing to their makers, and leave nothing of it on this machine."""

import os
import subprocess
import sys
from pathlib import Path

SESSION = """
import sys
import onnx.helper as made
from bort.latency.runtimes.onnx import open_session
row = lambda name: made.make_tensor_value_info(name, 1, [1])
graph = made.make_graph([made.make_node("Neg", ["x"], ["y"])], "g", [row("x")], [row("y")])
model = made.make_model(graph, opset_imports=[made.make_opsetid("", 17)], ir_version=9)
print(open_session(model.SerializeToString(), 1).run(None, {"x": [2.0]})[0][0])
"""


def test_onnx_runtime_keeps_no_identifier_and_sends_nothing(tmp_path: Path) -> None:
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    places = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary")}
    unset = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "GITHUB_ACTIONS"}
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    done = subprocess.run(
        [sys.executable, "-c", SESSION],
        env={**environment, **places},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "-2.0\n"), done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
