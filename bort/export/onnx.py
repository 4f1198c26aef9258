"""Export as ONNX, float32 and int8, with what each loses and what each gains.

Parity and int8's accuracy are told on the task's audit texts where the task can still be loaded,
else on random tokens; latency of the files themselves is measured beside PyTorch, interleaved.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.core.architecture import Architecture
from bort.core.errors import BortError, ExportError
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.export.card import model_card
from bort.export.huggingface import check_files
from bort.export.target import listed, new_folder
from bort.families import SearchSpace
from bort.latency.protocol import HANDFUL, Run
from bort.latency.runtimes import runtime_kind
from bort.latency.runtimes.onnx import open_session
from bort.latency.timing import Instruments, time_candidates
from bort.latency.workload import Candidate, Workload
from bort.storage import ModelRecord

FLOAT32, INT8 = "model.onnx", "model.int8.onnx"
TOLERANCE = 1e-4  # of float32 logits, as promised
BATCH = 32
RANDOM_TEXTS = 64
COPIED = ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")

Inputs = dict[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Probe:
    """Texts as token ids, to compare answers on.

    Attributes:
        batches: as the model's `forward` takes them.
        labels: shape (n,); None where they are not known.
        what: in words.
    """

    batches: list[Inputs]
    labels: NDArray[np.int64] | None
    what: str


def export_onnx(
    model: ModelRecord,
    out: Path,
    *,
    measure: bool = True,
    instruments: Instruments | None = None,
    on_step: OnStep = ignore,
) -> dict[str, Any]:
    """Write both ONNX files, configuration, tokenizer and model card to the new folder `out`.

    Returns:
        What `bort export --json` prints.
    Raises:
        ExportError: `out` exists, files are missing, or float32 logits differ by more than
            `TOLERANCE`: then nothing is left behind.
        MissingExtraError: ONNX or its runtime is not installed.
    Cost: 10 s for a small model, and up to a minute of measuring.
    """
    runtime_kind("onnx-float32").check_installed()
    check_files(model)
    from bort.training.model_files import load_classifier

    with new_folder(out) as part:
        original = load_classifier(model.folder, model.name)
        on_step(Progress(stage=Stage.EXPORTING, subject=model.name))
        _write(original, model, part)
        on_step(Progress(stage=Stage.CHECKING_EXPORT, subject=model.name))
        probe = probe_of(model)
        parity = _parity(original, part, probe)
        latency = _latencies(original, part, model, instruments) if measure else {}
        for name in COPIED:
            if (model.folder / name).is_file():
                shutil.copyfile(model.folder / name, part / name)
        card = model_card(model.name, model.realised, model.evidence) + _section(parity, latency)
        (part / "README.md").write_text(card, encoding="utf-8")
    own = latency.get("onnx-float32", {}).get("median_ms")
    return {
        "format": "onnx",
        "model": model.name,
        "path": str(out),
        "files": listed(out),
        "parity": parity,
        "latency_ms": own,
        "latency": latency,
    }


def _write(original: Any, model: ModelRecord, folder: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    from bort.latency.runtimes.exporting import export, quiet_exporter

    with quiet_exporter():
        export(original, candidate_of(model), folder / FLOAT32)
        quantize_dynamic(folder / FLOAT32, folder / INT8, weight_type=QuantType.QInt8)


def candidate_of(model: ModelRecord) -> Candidate:
    """The model's architecture, with what its space fixes."""
    space = SearchSpace.from_dict(model.evidence["space"])
    return Candidate(space.family, Architecture.from_dict(model.architecture), space.fixed)


def probe_of(model: ModelRecord) -> Probe:
    """The audit texts of the model's task; random tokens where it cannot be loaded here."""
    try:
        return _audit_probe(model)
    except BortError:
        return _random_probe(model)


def _audit_probe(model: ModelRecord) -> Probe:
    from bort.core.study import TaskSpec
    from bort.tasks import load_task
    from bort.training.tokens import load_tokenizer

    task = load_task(TaskSpec.from_dict(model.evidence["data"]["task_spec"]))
    tokenizer = load_tokenizer(model.folder)
    tokenizer.enable_truncation(model.evidence["max_length"])
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
    return Probe(batches, split.labels, f"{len(texts)} audit texts")


def _random_probe(model: ModelRecord) -> Probe:
    rng = np.random.default_rng(0)
    vocabulary = json.loads((model.folder / "config.json").read_text("utf-8"))["vocab_size"]
    shape = (BATCH, min(32, model.evidence["max_length"]))
    batches = [
        {**_tokens(*shape), "input_ids": rng.integers(0, vocabulary, size=shape)}
        for _ in range(RANDOM_TEXTS // BATCH)
    ]
    return Probe(batches, None, f"{RANDOM_TEXTS} texts of random tokens")


def torch_logits(model: Any, batches: Sequence[Inputs]) -> NDArray[np.float32]:
    """Logits of the module's own forward pass, as `transformers` computes them."""
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
    """Logits of a session."""
    names = [given.name for given in session.get_inputs()]
    found = [session.run(None, {n: batch[n] for n in names})[0] for batch in batches]
    return np.concatenate(found)


def _parity(original: Any, folder: Path, probe: Probe) -> dict[str, Any]:
    """How far both files' logits are from PyTorch's, and what int8 costs in accuracy."""
    exact = torch_logits(original, probe.batches)
    parity: dict[str, Any] = {"on": probe.what, "tolerance": TOLERANCE}
    for kind, name in (("float32", FLOAT32), ("int8", INT8)):
        logits = session_logits(open_session(str(folder / name), 1), probe.batches)
        found = {
            "max_abs_difference": float(np.abs(logits - exact).max()),
            "same_answers": float(np.mean(logits.argmax(1) == exact.argmax(1))),
        }
        if probe.labels is not None:
            found["accuracy"] = float(np.mean(logits.argmax(1) == probe.labels))
        parity[kind] = found
    difference = parity["float32"]["max_abs_difference"]
    if not difference <= TOLERANCE:
        raise ExportError(
            f"the ONNX file's logits differ from PyTorch's by {difference:.2g}, more than "
            f"{TOLERANCE:g}; nothing was exported: report this with the versions of torch and onnx"
        )
    parity["max_abs_difference"] = difference
    if probe.labels is not None:
        parity["torch_accuracy"] = float(np.mean(exact.argmax(1) == probe.labels))
        parity["int8_accuracy_loss"] = parity["torch_accuracy"] - parity["int8"]["accuracy"]
    return parity


class _Files:
    """A runtime of three things that exist already, in the order in which they are asked for."""

    def __init__(self, runs: Sequence[Run], threads: int) -> None:
        import torch

        self._runs = iter(runs)
        self._before = torch.get_num_threads()
        torch.set_num_threads(threads)

    def prepare(self, candidate: Candidate) -> Run:  # noqa: ARG002
        return next(self._runs)

    def close(self) -> None:
        import torch

        torch.set_num_threads(self._before)


def _latencies(
    original: Any, folder: Path, model: ModelRecord, instruments: Instruments | None
) -> dict[str, Any]:
    """PyTorch and both files, interleaved, on the workload that the model was measured with."""
    workload = _workload(model)
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
        paces=None,  # what counts is each beside the others
    )
    candidates = [candidate_of(model)] * len(names)
    timing = None
    for step in time_candidates(
        candidates, "torch-float32", workload, seed=0, wait=True, instruments=tools
    ):
        timing = step.result
    if timing is None:
        return {}
    return {
        name: {
            "median_ms": found.median_ms,
            "low_ms": found.low_ms,
            "high_ms": found.high_ms,
            "noise_ok": timing.noise.ok,
            "workload": str(workload),
        }
        for name, found in zip(names, timing.latencies, strict=True)
    }


def _workload(model: ModelRecord) -> Workload:
    asked = dict(model.evidence["workload"])
    return Workload(**{**asked, "lengths": tuple(asked.get("lengths", ()))})


def _tokens(texts: int, length: int) -> Inputs:
    """Texts without padding; which tokens they hold does not matter to the time."""
    shape = (texts, length)
    return {
        "input_ids": np.full(shape, 5, dtype=np.int64),
        "attention_mask": np.ones(shape, dtype=np.int64),
        "token_type_ids": np.zeros(shape, dtype=np.int64),
    }


def _section(parity: Mapping[str, Any], latency: Mapping[str, Any]) -> str:
    lines = [
        "\n## ONNX\n",
        f"`{FLOAT32}` and `{INT8}` (dynamic quantisation), compared on {parity['on']}: the "
        f"largest difference of a logit from PyTorch's is {parity['max_abs_difference']:.2g} in "
        f"float32; int8 gives the same answer for {parity['int8']['same_answers']:.1%}.",
    ]
    if "int8_accuracy_loss" in parity:
        lines.append(
            f"Accuracy: PyTorch {parity['torch_accuracy']:.4f}, float32 "
            f"{parity['float32']['accuracy']:.4f}, int8 {parity['int8']['accuracy']:.4f}."
        )
    lines += [
        f"{runtime}: {row['median_ms']:.2f} ms ({row['low_ms']:.2f} to {row['high_ms']:.2f}), "
        f"{row['workload']}."
        for runtime, row in latency.items()
    ]
    return "\n".join(lines) + "\n"


def files_of(folder: Path) -> Iterator[Path]:
    """The ONNX files in a folder, float32 first."""
    return (folder / name for name in (FLOAT32, INT8) if (folder / name).is_file())
