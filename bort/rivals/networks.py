"""Rivals made of the source network: frozen, fine-tuned, quantised, with fewer layers, pruned.

Each is deployed as an ONNX file with a tokenizer, on one thread.
"""

import copy
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bort.core.files import load_arrays, save_arrays
from bort.core.locks import building
from bort.core.progress import Progress, Stage
from bort.core.rivals import RivalKind
from bort.export.classify import INPUTS
from bort.latency.runtimes.exporting import export_module, quantise, quiet_exporter
from bort.rivals.opening import MODEL, READING, REGRESSION, TOKENIZER
from bort.rivals.rival import Making, Method, fit_regression
from bort.training.baselines import source_vectors
from bort.training.fine_tuning import classifier_over, fine_tune, is_made, seconds_of
from bort.training.loop import predict
from bort.training.model_files import load_classifier
from bort.training.source import SourceNetwork
from bort.training.teacher import own_teacher
from bort.training.tokens import load_tokenizer
from bort.training.vocabulary import expanded_weights, pruned_table

SPARSE = "sparse.npz"
SHARES = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)  # of weights to remove, most first
WORSE = 0.01  # the error on dev that pruning may add


def _write(model: torch.nn.Module, making: Making, folder: Path, *, tokenizer_from: Path) -> None:
    """Write the network as an ONNX file of inputs `INPUTS`, and how its texts are read."""
    encoded = making.context.encoded
    tokenizer = load_tokenizer(tokenizer_from)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / TOKENIZER))
    reading = {"max_length": encoded.max_length, "padding": encoded.padding}
    (folder / READING).write_text(json.dumps(reading), encoding="utf-8")
    with quiet_exporter():
        tokens = dict.fromkeys(INPUTS, np.ones((2, 8), dtype=np.int64))
        export_module(model.eval(), tokens, folder / MODEL)


class _Mean(torch.nn.Module):
    """The source network's mean-pooled, normalised vector, and a linear layer."""

    def __init__(self, encoder: Any, rows: Tensor, offsets: Tensor) -> None:
        super().__init__()
        self.encoder, self.rows, self.offsets = encoder, rows, offsets

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Compute scores, shape (n, classes)."""
        states = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        weight = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weight).sum(1) / weight.sum(1)
        return torch.nn.functional.normalize(mean) @ self.rows.T + self.offsets


def make_probe(making: Making, folder: Path) -> Mapping[str, Any]:
    """Fit logistic regression on the frozen source network's vectors."""
    context = making.context
    vectors = source_vectors(context.encoded, context.source, device=context.device)
    found = {name: vectors(context.encoded.splits[name]) for name in ("train", "dev")}
    chosen = fit_regression(found, making, folder)
    fit = load_arrays(folder / REGRESSION)
    assert fit is not None
    (folder / REGRESSION).unlink()  # it is in the ONNX file
    model, words = classifier_over(context.encoded, context.source, classes=2)
    _give_all_words(model, expanded_weights(model, context.encoded.kept, words))
    write_mean(model.bert, fit, making, folder)
    return chosen


def write_mean(
    encoder: torch.nn.Module, fit: Mapping[str, NDArray[Any]], making: Making, folder: Path
) -> None:
    """Write an encoder whose mean-pooled, normalised vectors a logistic regression classifies.

    Args:
        fit: rows, offsets and classes, as `bort.rivals.opening.read_regression` reads them.
    """
    rows, offsets = _all_rows(fit, classes=len(making.task.class_names))
    source = making.context.source.folder
    _write(_Mean(encoder, rows, offsets), making, folder, tokenizer_from=source)


def _all_rows(fit: Mapping[str, NDArray[Any]], *, classes: int) -> tuple[Tensor, Tensor]:
    """Give a row to every class: opposite ones to two classes, an impossible one to absent ones."""
    rows, offsets = fit["rows"], fit["offsets"]
    if len(fit["classes"]) == 2:
        rows, offsets = np.vstack([-rows, rows]), np.concatenate([-offsets, offsets])
    whole = np.zeros((classes, rows.shape[1]), dtype=np.float32)
    starts = np.full(classes, -1e9, dtype=np.float32)
    whole[fit["classes"]], starts[fit["classes"]] = rows, offsets
    return torch.from_numpy(whole), torch.from_numpy(starts)


def _give_all_words(model: Any, weights: Mapping[str, Tensor]) -> None:
    """Replace the table of the task's words by that of all words."""
    table = weights["bert.embeddings.word_embeddings.weight"]
    model.bert.embeddings.word_embeddings = torch.nn.Embedding(
        len(table), table.shape[1], _weight=table
    )
    model.config.vocab_size = len(table)


class _Logits(torch.nn.Module):
    """A classifier of transformers that returns its logits only."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Compute logits, shape (n, classes)."""
        logits: Tensor = self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).logits
        return logits


def tune(making: Making) -> float:
    """Fine-tune the source network as for the teacher, once for all rivals that come from it.

    Returns its seconds.
    """
    return seconds_of(own_teacher(making.context).folder)


def make_source(making: Making, folder: Path) -> Mapping[str, Any]:
    """Write the fine-tuned source network."""
    tuned = own_teacher(making.context).folder
    _write(_Logits(load_classifier(tuned, tuned.name)), making, folder, tokenizer_from=tuned)
    return {}


def make_int8(making: Making, folder: Path) -> Mapping[str, Any]:
    """Quantise the fine-tuned source network to int8, dynamically."""
    make_source(making, folder)
    whole = folder / "whole.onnx"
    (folder / MODEL).rename(whole)
    with quiet_exporter():
        quantise(whole, folder / MODEL)
    whole.unlink()
    return {}


@dataclass(frozen=True)
class _Shallow(SourceNetwork):
    """The lowest layers of a source network."""

    layers: int = 1

    @cached_property
    def config(self) -> dict[str, Any]:
        """The contents of config.json with fewer layers."""
        return {**super().config, "num_hidden_layers": self.layers}


def tune_half(making: Making) -> float:
    """Fine-tune the lower half of the source network's layers as the whole is fine-tuned.

    Returns its seconds.
    """
    context, tuned = making.context, _half(making)
    source, layers = context.source, _half_of_the_layers(making)

    def tell(step: Progress) -> None:  # it is no teacher
        context.on_step(replace(step, stage=Stage.MAKING_RIVAL, subject=RivalKind.FEWER_LAYERS))

    with building(tuned.with_name(f"{tuned.name}.lock")):
        if not is_made(tuned):
            fine_tune(
                making.task,
                context.encoded,
                _Shallow(source.name, source.folder, source.digest, layers),
                tuned,
                device=context.device,
                on_step=tell,
                should_stop=context.should_stop,
            )
    return seconds_of(tuned)


def make_shallow(making: Making, folder: Path) -> Mapping[str, Any]:
    """Write the fine-tuned lower half."""
    tuned = _half(making)
    _write(_Logits(load_classifier(tuned, tuned.name)), making, folder, tokenizer_from=tuned)
    shutil.rmtree(tuned)  # nobody else needs it
    return {"layers": _half_of_the_layers(making)}


def _half(making: Making) -> Path:
    return making.shared / f"half-{making.key('half')}"


def _half_of_the_layers(making: Making) -> int:
    return max(1, int(making.context.source.config["num_hidden_layers"]) // 2)


def make_pruned(making: Making, folder: Path) -> Mapping[str, Any]:
    """Set the smallest weights of every matrix of the fine-tuned source network to zero.

    As many as dev allows: the error may grow by `WORSE`. The network is not trained again. The
    ONNX file stores the zeros; `sparse_bytes` says what a file without them takes.
    """
    tuned = own_teacher(making.context).folder
    whole = load_classifier(tuned, tuned.name)
    limit = WORSE + _torch_error(whole, making)
    share, model = 0.0, whole
    for share in SHARES:
        model = _without_smallest(whole, share)
        if _torch_error(model, making) <= limit:
            break
    else:
        share, model = 0.0, whole
    _write(_Logits(model), making, folder, tokenizer_from=tuned)
    sparse = folder.with_name(f"{folder.name}.{SPARSE}")
    save_arrays(sparse, _sparse(model))
    chosen = {"removed": share, "sparse_bytes": sparse.stat().st_size + _others(folder)}
    sparse.unlink()
    return chosen


def _others(folder: Path) -> int:
    return sum((folder / name).stat().st_size for name in (READING, TOKENIZER))


def _without_smallest(model: Any, share: float) -> Any:
    pruned = copy.deepcopy(model)
    for weight in pruned.parameters():
        if weight.dim() == 2:
            flat = weight.detach().abs().flatten().numpy()
            limit = float(np.partition(flat, int(share * flat.size))[int(share * flat.size)])
            weight.data[weight.data.abs() < limit] = 0
    return pruned


def _torch_error(model: Any, making: Making) -> float:
    """Compute the error on dev, over the task's words only."""
    encoded, table = making.context.encoded, model.get_input_embeddings()
    whole = table.weight
    table.weight = torch.nn.Parameter(pruned_table(whole.detach(), encoded.kept))
    tokens = encoded.splits["dev"]
    logits = predict(model, tokens, padding=encoded.padding, pause=making.context.pause)
    table.weight = whole
    return float(np.mean(logits.argmax(1) != making.task.dev.labels))


def _sparse(model: Any) -> dict[str, NDArray[Any]]:
    """Store matrices in compressed sparse rows: values, columns in 16 bits, counts by row."""
    found: dict[str, NDArray[Any]] = {}
    for name, tensor in model.state_dict().items():
        array = tensor.numpy()
        if array.ndim != 2 or array.shape[1] > np.iinfo(np.uint16).max:
            found[name] = array
            continue
        rows, columns = np.nonzero(array)
        found[f"{name}.values"] = array[rows, columns]
        found[f"{name}.columns"] = columns.astype(np.uint16)
        found[f"{name}.counts"] = np.bincount(rows, minlength=len(array)).astype(np.uint16)
    return found


PROBE = Method(make_probe)
SOURCE = Method(make_source, tune)
SOURCE_INT8 = Method(make_int8, tune)
FEWER_LAYERS = Method(make_shallow, tune_half)
PRUNED = Method(make_pruned, tune)
