"""Export a model as ONNX in float32 and int8, and measure both files' accuracy and latency.

Answers are compared with PyTorch's on the task's audit texts, or on random tokens if the task can
no longer be loaded. Latencies are measured by running both files and PyTorch in turns.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bort.core.architecture import Architecture
from bort.core.errors import BortError, ExportError
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.export.card import model_card
from bort.export.folder import Export, check_files, listed, name_inputs, new_output, own_task
from bort.families import SearchSpace
from bort.finetuning.realised import RealisedLatency, evidence_of, realised_of
from bort.latency.protocol import HANDFUL, Run
from bort.latency.runtimes import runtime_kind
from bort.latency.runtimes.onnx import open_session
from bort.latency.timing import Instruments, time_models
from bort.latency.workload import Blueprint
from bort.report.models import onnx_sentences
from bort.report.numbers import milliseconds, milliseconds_range
from bort.storage import ModelRecord

FLOAT32, INT8 = "model.onnx", "model.int8.onnx"
FILES = {"onnx-float32": FLOAT32, "onnx-int8": INT8}  # by runtime
TOLERANCE = 1e-4  # the largest allowed difference between float32 logits and PyTorch's
BATCH = 32
RANDOM_TEXTS = 64
COPIED = ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")

Inputs = dict[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Probe:
    """Texts as token ids, to compare answers on.

    Attributes:
        batches: inputs for the model's `forward`.
        labels: the audit texts' labels, shape (n,); None for random tokens.
        texts: number of texts.
    """

    batches: list[Inputs]
    labels: NDArray[np.int64] | None
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileParity:
    """How a file's answers differ from PyTorch's; `accuracy` is None without labels."""

    max_abs_difference: float
    same_answers: float
    accuracy: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxParity:
    """How both files differ from PyTorch.

    Attributes:
        on: "audit" texts or "random" tokens.
        texts: number of texts compared.
        tolerance: the largest allowed difference of the float32 logits.
        max_abs_difference: the largest difference found.
        torch_accuracy, int8_accuracy_loss: None without labels.
    """

    on: Literal["audit", "random"]
    texts: int
    tolerance: float
    float32: FileParity
    int8: FileParity
    max_abs_difference: float
    torch_accuracy: float | None
    int8_accuracy_loss: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxExport(Export):
    """An exported ONNX folder, as `bort export --format onnx --json` prints it."""

    parity: OnnxParity


def export_onnx(
    model: ModelRecord,
    out: Path,
    *,
    measure: bool = True,
    instruments: Instruments | None = None,
    on_step: OnStep = ignore,
) -> OnnxExport:
    """Write both ONNX files, configuration, tokenizer and model card to the new folder `out`.

    Raises:
        ExportError: `out` exists, files are missing, or float32 logits differ by more than
            `TOLERANCE`. Nothing is left behind.
        MissingExtraError: ONNX or its runtime is not installed.
    Cost: 10 s for a small model, and up to a minute to measure latencies.
    """
    runtime_kind("onnx-float32").check_installed()
    check_files(model)
    from bort.training.model_files import load_classifier

    with new_output(out, is_folder=True) as part:
        original = load_classifier(model.folder, model.name)
        on_step(Progress(stage=Stage.EXPORTING, subject=model.name))
        write_files(original, blueprint_of(model), part)
        on_step(Progress(stage=Stage.CHECKING_EXPORT, subject=model.name))
        probe = probe_of(model)
        parity = _parity(original, part, probe)
        latency = _latencies(original, part, model, instruments, on_step) if measure else {}
        for name in COPIED:
            if (model.folder / name).is_file():
                shutil.copyfile(model.folder / name, part / name)
        name_inputs(part, model)
        section = _section(parity, latency)
        own = realised_of(model), evidence_of(model)
        card = model_card(model.name, *own, kind="onnx", file=FLOAT32, more=section)
        (part / "README.md").write_text(card, encoding="utf-8")
    float32 = latency.get("onnx-float32")
    return OnnxExport(
        format="onnx",
        model=model.name,
        path=str(out),
        files=listed(out),
        parity=parity,
        latency_ms=None if float32 is None else float32.median_ms,
        latency=latency,
    )


def write_files(original: Any, blueprint: Blueprint, folder: Path) -> None:
    """Write a model as `FLOAT32` and `INT8` into a folder."""
    from bort.latency.runtimes.exporting import export, quantise, quiet_exporter

    with quiet_exporter():
        export(original, blueprint, folder / FLOAT32)
        _drop_metadata(folder / FLOAT32)
        quantise(folder / FLOAT32, folder / INT8)


def _drop_metadata(file: Path) -> None:
    """Remove torch's notes about each node: stack traces with this machine's paths."""
    import onnx

    graph = onnx.load(file)
    for node in graph.graph.node:
        del node.metadata_props[:]
    onnx.save(graph, file)


def blueprint_of(model: ModelRecord) -> Blueprint:
    """Make a blueprint of the model's architecture, with its space's fixed values."""
    space = SearchSpace.from_dict(evidence_of(model).space)
    return Blueprint.of(space, Architecture.of(**model.architecture))


def probe_of(model: ModelRecord) -> Probe:
    """Take the audit texts of the model's task, or random tokens if the task cannot be loaded."""
    try:
        return _audit_probe(model)
    except BortError:
        return _random_probe(model)


def _audit_probe(model: ModelRecord) -> Probe:
    from bort.training.tokens import load_tokenizer

    task = own_task(model)
    tokenizer = load_tokenizer(model.folder)
    tokenizer.enable_truncation(evidence_of(model).max_length)
    tokenizer.enable_padding()
    split = task.audit
    texts: Sequence[Any] = split.texts
    if split.pairs is not None:
        texts = list(zip(split.texts, split.pairs, strict=True))
    batches = []
    for start in range(0, len(texts), BATCH):
        encoded = tokenizer.encode_batch(list(texts[start : start + BATCH]))
        batches.append(
            {
                "input_ids": np.array([e.ids for e in encoded], dtype=np.int64),
                "attention_mask": np.array([e.attention_mask for e in encoded], dtype=np.int64),
                "token_type_ids": np.array([e.type_ids for e in encoded], dtype=np.int64),
            }
        )
    return Probe(batches, split.labels, len(texts))


def _random_probe(model: ModelRecord) -> Probe:
    rng = np.random.default_rng(0)
    vocabulary = json.loads((model.folder / "config.json").read_text("utf-8"))["vocab_size"]
    shape = (BATCH, min(32, evidence_of(model).max_length))
    batches = [
        {**_tokens(*shape), "input_ids": rng.integers(0, vocabulary, size=shape)}
        for _ in range(RANDOM_TEXTS // BATCH)
    ]
    return Probe(batches, None, RANDOM_TEXTS)


def torch_logits(model: Any, batches: Sequence[Inputs]) -> NDArray[np.float32]:
    """Compute logits with the module's own forward pass, as `transformers` does."""
    import inspect

    import torch

    wanted = inspect.signature(model.forward).parameters
    found = []
    with torch.inference_mode():
        for batch in batches:
            tensors = {n: torch.from_numpy(a) for n, a in batch.items() if n in wanted}
            found.append(model(**tensors).logits.numpy())
    return np.concatenate(found)


def session_logits(session: Any, batches: Sequence[Inputs]) -> NDArray[np.float32]:
    """Compute logits with an ONNX session."""
    names = [given.name for given in session.get_inputs()]
    found = [session.run(None, {n: batch[n] for n in names})[0] for batch in batches]
    return np.concatenate(found)


def _parity(original: Any, folder: Path, probe: Probe) -> OnnxParity:
    """Compare both files' logits and accuracy with PyTorch's."""
    exact = torch_logits(original, probe.batches)
    float32, int8 = (
        _file_parity(open_session(str(folder / name), 1), exact, probe) for name in (FLOAT32, INT8)
    )
    difference = float32.max_abs_difference
    if not difference <= TOLERANCE:
        raise ExportError(
            f"the ONNX file's logits differ from PyTorch's by {difference:.2g}, more than "
            f"{TOLERANCE:g}, so nothing was exported; report this with the versions of torch and "
            "onnx"
        )
    accuracy = _accuracy(exact, probe)
    return OnnxParity(
        on="random" if probe.labels is None else "audit",
        texts=probe.texts,
        tolerance=TOLERANCE,
        float32=float32,
        int8=int8,
        max_abs_difference=difference,
        torch_accuracy=accuracy,
        int8_accuracy_loss=None
        if accuracy is None or int8.accuracy is None
        else accuracy - int8.accuracy,
    )


def _file_parity(session: Any, exact: NDArray[np.float32], probe: Probe) -> FileParity:
    logits = session_logits(session, probe.batches)
    return FileParity(
        max_abs_difference=float(np.abs(logits - exact).max()),
        same_answers=float(np.mean(logits.argmax(1) == exact.argmax(1))),
        accuracy=_accuracy(logits, probe),
    )


def _accuracy(logits: NDArray[np.float32], probe: Probe) -> float | None:
    return None if probe.labels is None else float(np.mean(logits.argmax(1) == probe.labels))


class _Files:
    """A runtime that returns prepared runs in order."""

    def __init__(self, runs: Sequence[Run], threads: int) -> None:
        import torch

        self._runs = iter(runs)
        self._before = torch.get_num_threads()
        torch.set_num_threads(threads)

    def prepare(self, blueprint: Blueprint) -> Run:  # noqa: ARG002
        return next(self._runs)

    def close(self) -> None:
        import torch

        torch.set_num_threads(self._before)


def _latencies(
    original: Any,
    folder: Path,
    model: ModelRecord,
    instruments: Instruments | None,
    on_step: OnStep,
) -> dict[str, RealisedLatency]:
    """Time PyTorch and both files in turns, on the workload that the model was measured on."""
    workload = evidence_of(model).workload
    batches = [_tokens(one.batch_size, one.sequence_length) for one in workload.passes]
    names = ("torch-float32", "onnx-float32", "onnx-int8")
    sessions = [open_session(str(folder / n), workload.threads) for n in (FLOAT32, INT8)]
    runs: list[Run] = [
        lambda: torch_logits(original, batches),
        lambda: session_logits(sessions[0], batches),
        lambda: session_logits(sessions[1], batches),
    ]
    tools = replace(
        instruments or Instruments(protocol=HANDFUL),
        open_runtime=lambda _name, work: _Files(runs, work.threads),
        paces=None,  # only the comparison counts
    )
    blueprints = [blueprint_of(model)] * len(names)
    timing = None
    for step in time_models(
        blueprints,
        "torch-float32",
        workload,
        seed=0,
        wait=True,
        on_step=on_step,
        instruments=tools,
    ):
        on_step(step)
        timing = step.result
    if timing is None:
        return {}
    return {
        name: RealisedLatency(
            median_ms=found.median_ms,
            low_ms=found.low_ms,
            high_ms=found.high_ms,
            p95_ms=found.p95_ms,
            noise_ok=timing.noise.ok,
            workload=str(workload),
        )
        for name, found in zip(names, timing.latencies, strict=True)
    }


def _tokens(texts: int, length: int) -> Inputs:
    """Make texts without padding; which tokens they have does not affect the time."""
    shape = (texts, length)
    return {
        "input_ids": np.full(shape, 5, dtype=np.int64),
        "attention_mask": np.ones(shape, dtype=np.int64),
        "token_type_ids": np.zeros(shape, dtype=np.int64),
    }


def _section(parity: OnnxParity, latency: Mapping[str, RealisedLatency]) -> str:
    """Write the card's section about both files."""
    found = (parity.torch_accuracy, parity.float32.accuracy, parity.int8.accuracy)
    sentences = onnx_sentences(
        texts=parity.texts,
        are_audit=parity.on == "audit",
        difference=parity.max_abs_difference,
        int8_agreement=parity.int8.same_answers,
        accuracies=found,
    )
    lines = [
        f"- {runtime}: {milliseconds(row.median_ms)} ms "
        f"({milliseconds_range(row.low_ms, row.high_ms)}), {row.workload}"
        for runtime, row in latency.items()
    ]
    files = f"The files are `{FLOAT32}` (float32) and `{INT8}` (int8)."
    parts = ["## ONNX", " ".join([files, *sentences]), "\n".join(lines)]
    return "\n\n".join(part for part in parts if part)


def files_of(folder: Path) -> Iterator[Path]:
    """List the ONNX files in a folder, float32 first."""
    return (folder / name for name in (FLOAT32, INT8) if (folder / name).is_file())
