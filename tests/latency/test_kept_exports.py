import contextlib

from bort.latency.runtimes.exporting import keeping_exports, kept
from bort.latency.workload import Blueprint


def test_exports_are_made_once_while_they_are_kept(tmp_path, space):
    blueprint = Blueprint(space.family, space.architecture(0), space.fixed)
    made = []

    def export():
        made.append(1)
        return b"model"

    assert kept(blueprint, "float32", export) == b"model"
    with keeping_exports(tmp_path / "onnx"):
        for variant in ("float32", "float32", "int8"):
            assert kept(blueprint, variant, export) == b"model"
        assert len(made) == 3
        assert len(list((tmp_path / "onnx").iterdir())) == 2
    assert not list((tmp_path / "onnx").iterdir())
    with contextlib.suppress(KeyboardInterrupt), keeping_exports(tmp_path / "onnx"):
        kept(blueprint, "float32", export)
        raise KeyboardInterrupt
    assert len(list((tmp_path / "onnx").iterdir())) == 1
