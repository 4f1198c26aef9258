"""Export the one file of a model that is fastest from text to label: measured, never assumed.

All files that `bort export` can write for the network are opened as they are deployed, answer the
dev texts, and are timed on them in turns. The result is kept with the model.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bort.core.errors import ExportError
from bort.core.machine import this_machine
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.core.rivals import PerText
from bort.core.scratch import temporary
from bort.core.serialise import to_json
from bort.export import numpy_folder, onnx
from bort.export.card import is_ours, model_card
from bort.export.classify import read_numpy, read_onnx
from bort.export.folder import Export, check_files, listed, name_inputs, new_output, own_task
from bort.finetuning.deployed import SINGLE, Deployed, DeployedFile
from bort.finetuning.realised import evidence_of, realised_of
from bort.latency.classifiers import Classify, Times, time_classifiers
from bort.latency.runtimes import runtime_kind
from bort.latency.timing import Instruments
from bort.latency.workload import Text
from bort.storage import ModelRecord, Store
from bort.tasks import Split
from bort.training.limits import read_limits
from bort.training.source import read_config

ONNX, NUMPY = onnx.FILES, numpy_folder.FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class FastestExport(Export):
    """An exported folder with one file of weights, and how it was chosen."""

    runtime: str
    deployed: Deployed


def export_fastest(
    store: Store,
    model: ModelRecord,
    out: Path,
    *,
    measure: bool = True,
    instruments: Instruments | None = None,
    on_step: OnStep = ignore,
) -> FastestExport:
    """Write the fastest file, configuration, tokenizer and model card to the new folder `out`.

    Args:
        measure: time all files now and keep the result; otherwise use what was kept.
    Raises:
        ExportError: `out` exists or cannot be written, the model's files are missing, or nothing
            was measured yet and `measure` is off.
        Whatever `load_task` raises: the dev texts cannot be read.
    Cost: 10 s to write the files, and up to a minute to time them.
    """
    check_files(model)
    realised = realised_of(model)
    with new_output(out, is_folder=True) as part, temporary("files") as place:
        if measure:
            folders = _write(model, place, on_step)
            deployed = _measured(model, folders, instruments, on_step)
            realised = replace(realised, deployed=deployed)
        elif realised.deployed is None:
            raise ExportError(
                f"the files of {model.name} were never timed; leave out --no-latency, or choose "
                "--format onnx"
            )
        else:
            deployed = realised.deployed
            folders = _write(model, place, on_step, only=deployed.fastest.runtime)
        runtime = deployed.fastest.runtime
        for name in (_file(runtime), *onnx.COPIED):
            if (folders[runtime] / name).is_file():
                shutil.copyfile(folders[runtime] / name, part / name)
        name_inputs(part, model, is_int8=runtime.endswith("int8"))
        evidence, file = evidence_of(model), _file(runtime)
        card = model_card(model.name, realised, evidence, kind="fastest", file=file)
        (part / "README.md").write_text(card, encoding="utf-8")
    if measure:
        store.keep_results(model.name, to_json(realised))
    return FastestExport(
        format="fastest",
        model=model.name,
        path=str(out),
        files=listed(out),
        latency_ms=deployed.fastest.latency[SINGLE].median_ms,
        latency={},
        runtime=runtime,
        deployed=deployed,
    )


def _file(runtime: str) -> str:
    return {**ONNX, **NUMPY}[runtime]


def _write(
    model: ModelRecord, place: Path, on_step: OnStep, *, only: str | None = None
) -> Mapping[str, Path]:
    """Write the files that this machine can run; returns the folder of each runtime."""
    has_numpy = is_ours(realised_of(model), evidence_of(model))
    # A small network needs nothing but numpy; another one must have ONNX, and the export says so.
    has_onnx = not has_numpy or not runtime_kind("onnx-float32").missing
    found: dict[str, Path] = {}
    if only in ONNX:
        runtime_kind("onnx-float32").check_installed()
    if has_numpy and only not in ONNX:
        numpy_folder.export_numpy(model, place / "numpy")
        found |= dict.fromkeys(NUMPY, place / "numpy")
    if has_onnx and only not in NUMPY:
        onnx.export_onnx(model, place / "onnx", measure=False, on_step=on_step)
        found |= dict.fromkeys(ONNX, place / "onnx")
    return found


def _measured(
    model: ModelRecord,
    folders: Mapping[str, Path],
    instruments: Instruments | None,
    on_step: OnStep,
) -> Deployed:
    split = own_task(model, on_step=on_step).dev
    classifiers = {runtime: _open(model, runtime, folders[runtime]) for runtime in folders}
    on_step(Progress(stage=Stage.CHECKING_EXPORT, subject=model.name))
    texts = _texts(split)
    right = {name: np.mean(one(texts) == split.labels) for name, one in classifiers.items()}
    times = _times(classifiers, texts, instruments, on_step)
    files = tuple(
        DeployedFile(
            runtime=runtime,
            size_bytes=sum(
                (folder / name).stat().st_size for name in (_file(runtime), "tokenizer.json")
            ),
            dev_accuracy=float(right[runtime]),
            latency={
                str(batch): PerText(median_ms=one.median_ms, low_ms=one.low_ms, high_ms=one.high_ms)
                for batch, one in times.latencies[runtime].items()
            },
        )
        for runtime, folder in folders.items()
    )
    machine = this_machine(("numpy", "onnxruntime", "tokenizers"), threads=1)
    return Deployed(
        files=files, texts=len(texts), machine=machine.to_dict(), noise_ok=times.noise_ok
    )


def _open(model: ModelRecord, runtime: str, folder: Path) -> Classify:
    if runtime in NUMPY:
        return read_numpy(folder, NUMPY[runtime])
    return read_onnx(
        folder / ONNX[runtime],
        folder / "tokenizer.json",
        max_length=evidence_of(model).max_length,
        padding=read_limits(read_config(folder, model.name)).padding or 0,
    )


def _texts(split: Split) -> Sequence[Text]:
    return split.texts if split.pairs is None else list(zip(split.texts, split.pairs, strict=True))


def _times(
    classifiers: Mapping[str, Classify],
    texts: Sequence[Text],
    instruments: Instruments | None,
    on_step: OnStep,
) -> Times:
    found = None
    for step in time_classifiers(classifiers, texts, on_step=on_step, instruments=instruments):
        on_step(step)
        found = step.result
    assert found is not None  # nothing stops it
    return found
