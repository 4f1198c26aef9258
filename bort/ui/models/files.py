"""Download a model, or copy the commands and Python code for it."""

import io
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from bort.core.errors import BortError
from bort.core.scratch import temporary
from bort.export.card import is_ours, usage
from bort.export.folder import check_files
from bort.finetuning.again import training_command
from bort.finetuning.realised import TrainedModel
from bort.latency.runtimes import runtime_kind
from bort.storage import ModelRecord, Store
from bort.studies.commands import export_command
from bort.ui.kit import later, markup, readings

LARGEST_BYTES = 512 << 20  # for a download; the command line has no limit
ONNX_RUNTIME = "onnx-float32"

Make = Callable[[ModelRecord, Path], object]
LABELS = {
    "fastest": "Fastest file",
    "hf": "Hugging Face",
    "numpy": "NumPy",
    "onnx": "ONNX",
    "bundle": "Run bundle",
}


def show(trained: TrainedModel) -> None:
    """Show download buttons, then commands to copy."""
    model = trained.record
    markup.label("Download", "Created in the background when you press a button.")
    try:
        check_files(model)
    except BortError as error:
        markup.problem(str(error))
        return
    kinds = ["hf", "onnx", "bundle"]
    if is_ours(trained.realised, trained.evidence):
        kinds[0] = "numpy"  # transformers does not know the network
    size = sum(file.stat().st_size for file in model.folder.iterdir() if file.is_file())
    if size > LARGEST_BYTES:
        markup.notice(
            f"{size / 2**20:,.0f} MiB is too large for a browser download; use the commands."
        )
    else:
        _buttons(model, [*(["fastest"] if trained.realised.deployed else []), *kinds])
    with st.expander("As commands and Python"):
        for kind in ("fastest", *kinds):
            later.code(_command(model, kind), language="bash", wrap_lines=True)
        markup.label("classify a text without this package")
        code = usage(trained.realised, trained.evidence, f"{model.name}-{kinds[0]}")
        later.code(code, language="python", wrap_lines=True)
        again = None if model.is_imported else training_command(trained.realised, trained.evidence)
        if again is not None:
            markup.label("train it again")
            later.code(again, language="bash", wrap_lines=True)


def say_how_to_get(example: TrainedModel) -> None:
    """Show how to make the weights of a finished example, which come with none."""
    markup.label("Try it, download it")
    markup.note("Its weights are not on this machine. Train it here, and it can answer your texts:")
    again = training_command(example.realised, example.evidence)
    assert again is not None  # every example comes from a study
    later.code(again, language="bash", wrap_lines=True)


def _command(model: ModelRecord, kind: str) -> str:
    return export_command(model.name, kind, f"{model.name}-{kind}{'.zip' * (kind == 'bundle')}")


def _file_name(model: ModelRecord, kind: str) -> str:
    return f"{model.name}-{kind}.zip"


def _buttons(model: ModelRecord, kinds: Sequence[str]) -> None:
    onnx_missing = runtime_kind(ONNX_RUNTIME).missing
    # A download is made after the page's script, where nobody is logged in.
    store = readings.store()
    makers: dict[str, Make] = {
        **MAKERS,
        "bundle": partial(_bundle, store),
        "fastest": partial(_fastest, store),
    }
    with st.container(horizontal=True):
        for kind in kinds:
            st.download_button(
                LABELS[kind],
                partial(made, model, makers[kind]),
                file_name=_file_name(model, kind),
                mime="application/zip",
                icon=":material/download:",
                key=f"download-{kind}",
                on_click="ignore",
                disabled=kind in ("fastest", "onnx") and bool(onnx_missing),
            )
    if onnx_missing:
        markup.note(f"ONNX needs {', '.join(onnx_missing)}: pip install 'bort[train,onnx]'")


def made(model: ModelRecord, make: Make) -> io.BytesIO:
    """Zip what `make` writes; runs in the background when the download is requested."""
    with readings.heavy_imports, temporary("export") as place:
        out = place / model.folder_name
        make(model, out)
        if out.is_file():
            return io.BytesIO(out.read_bytes())
        return _zipped(out)


def _zipped(folder: Path) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:  # weights hardly shrink
        for file in sorted(folder.rglob("*")):
            archive.write(file, Path(folder.name) / file.relative_to(folder))
    packed.seek(0)
    return packed


def _huggingface(model: ModelRecord, out: Path) -> None:
    from bort.export.folder import export_huggingface

    export_huggingface(model, out)


def _numpy(model: ModelRecord, out: Path) -> None:
    from bort.export.numpy_folder import export_numpy

    export_numpy(model, out)


def _onnx(model: ModelRecord, out: Path) -> None:
    from bort.export.onnx import export_onnx

    export_onnx(model, out, measure=False)  # measuring would wait for a quiet machine


def _bundle(store: Store, model: ModelRecord, out: Path) -> None:
    from bort.export.bundle import export_bundle

    export_bundle(store, model, out)


def _fastest(store: Store, model: ModelRecord, out: Path) -> None:
    from bort.export.fastest import export_fastest

    export_fastest(store, model, out, measure=False)  # it was measured before


MAKERS: dict[str, Make] = {"hf": _huggingface, "numpy": _numpy, "onnx": _onnx}
