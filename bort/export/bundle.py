"""The run bundle: one file with a model, its study and its evidence, to open elsewhere.

It is a zip of JSON, Parquet, safetensors and text; `manifest.json` lists every file's SHA-256.
"""

import json
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bort.core.errors import BortError
from bort.core.serialise import to_json
from bort.export.card import model_card
from bort.export.folder import (
    ExportedFile,
    WeightsExport,
    check_files,
    digest_of,
    listed,
    new_output,
)
from bort.finetuning.realised import evidence_of, realised_of
from bort.storage import ModelRecord, Store, export_study

FORMAT = "bort-bundle-1"
MANIFEST = "manifest.json"
MODEL_FOLDER, STUDY, MODEL, CURVES = "model", "study.json", "model.json", "curves.parquet"
FIXED_TIME = (2020, 1, 1, 0, 0, 0)  # so that the same content makes the same bundle


def export_bundle(store: Store, model: ModelRecord, out: Path) -> WeightsExport:
    """Write the new file `out`. It contains none of the task's texts, only its name or path.

    Returns:
        Its `files` are the bundle and what is in it.
    Raises:
        ExportError: `out` exists or cannot be written, or the model's files are missing.
    """
    check_files(model)
    contents = _texts(store, model)
    curves = _curves(store, model)
    members: list[ExportedFile] = []
    with new_output(out) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in {**contents, **curves}.items():
            members.append(_add_bytes(bundle, name, content))
        for file in sorted(p for p in model.folder.iterdir() if p.is_file()):
            members.append(_add_file(bundle, f"{MODEL_FOLDER}/{file.name}", file))
        manifest = {"format": FORMAT, "model": model.name, "files": to_json(members)}
        _add_bytes(bundle, MANIFEST, _json(manifest))
    realised = realised_of(model)
    return WeightsExport(
        format="bundle",
        model=model.name,
        path=str(out),
        files=(*listed(out), *members),
        latency_ms=realised.latency_ms,
        latency=realised.latency,
    )


def _texts(store: Store, model: ModelRecord) -> dict[str, bytes]:
    card = model_card(model.name, realised_of(model), evidence_of(model))
    described = {
        "name": model.name,
        "study": model.study,
        "task": model.task,
        "architecture": dict(model.architecture),
        "realised": dict(model.realised),
        "evidence": dict(model.evidence),
    }
    texts = {
        MODEL: _json(described),
        "README.md": card.encode("utf-8"),
    }
    with suppress(BortError):  # if the study is gone, the model's own evidence remains
        texts[STUDY] = _json(export_study(store, model.study))
    return texts


def _curves(store: Store, model: ModelRecord) -> dict[str, bytes]:
    """Put loss, dev error and learning rate of every stage into one long table."""
    if model.job_id is None:
        return {}
    rows = [
        {"curve": name, "step": step, "value": value}
        for name, points in store.metrics(model.job_id).items()
        for step, value in points
    ]
    if not rows:
        return {}
    import pandas as pd

    content: bytes = pd.DataFrame.from_records(rows).to_parquet(index=False)
    return {CURVES: content}


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode("utf-8")


def _add_bytes(bundle: zipfile.ZipFile, name: str, content: bytes) -> ExportedFile:
    import hashlib

    bundle.writestr(_entry(name), content)
    return ExportedFile(name, hashlib.sha256(content).hexdigest(), len(content))


def _add_file(bundle: zipfile.ZipFile, name: str, file: Path) -> ExportedFile:
    with bundle.open(_entry(name), "w", force_zip64=True) as target, file.open("rb") as source:
        while block := source.read(1 << 20):
            target.write(block)
    return ExportedFile(name, digest_of(file), file.stat().st_size)


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=FIXED_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info
