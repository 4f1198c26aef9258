"""The run bundle: one file with a model, its study and its evidence, to be opened elsewhere.

A zip of JSON, Parquet, safetensors and text; `manifest.json` lists every file with its SHA-256.
"""

import json
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bort.core.errors import BortError
from bort.export.card import model_card
from bort.export.huggingface import check_files
from bort.export.target import digest_of, listed, new_file
from bort.storage import ModelRecord, Store, export_study

FORMAT = "bort-bundle-1"
MANIFEST = "manifest.json"
MODEL_FOLDER, STUDY, MODEL, CURVES = "model", "study.json", "model.json", "curves.parquet"
FIXED_TIME = (2020, 1, 1, 0, 0, 0)  # the same content makes the same bundle


def export_bundle(store: Store, model: ModelRecord, out: Path) -> dict[str, Any]:
    """Write the new file `out`. It holds no text of the task, only the name or path it came from.

    Returns:
        What `bort export --json` prints; `files` holds the bundle and what is in it.
    Raises:
        ExportError: `out` exists or cannot be written, or the model's files are gone.
    """
    check_files(model)
    contents = _texts(store, model)
    curves = _curves(store, model)
    members: list[dict[str, Any]] = []
    with new_file(out) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in {**contents, **curves}.items():
            members.append(_add_bytes(bundle, name, content))
        for file in sorted(p for p in model.folder.iterdir() if p.is_file()):
            members.append(_add_file(bundle, f"{MODEL_FOLDER}/{file.name}", file))
        manifest = {"format": FORMAT, "model": model.name, "files": members}
        _add_bytes(bundle, MANIFEST, _json(manifest))
    realised = model.realised
    return {
        "format": "bundle",
        "model": model.name,
        "path": str(out),
        "files": [*listed(out), *members],
        "parity": {"max_abs_difference": 0.0, "note": "the same weights"},
        "latency_ms": realised["latency_ms"],
        "latency": dict(realised["latency"]),
    }


def _texts(store: Store, model: ModelRecord) -> dict[str, bytes]:
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
        "README.md": model_card(model.name, model.realised, model.evidence).encode("utf-8"),
    }
    with suppress(BortError):  # where the study is gone, the model's own evidence stays
        texts[STUDY] = _json(export_study(store, model.study))
    return texts


def _curves(store: Store, model: ModelRecord) -> dict[str, bytes]:
    """Loss, dev error, learning rate of every stage, as one long table."""
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


def _add_bytes(bundle: zipfile.ZipFile, name: str, content: bytes) -> dict[str, Any]:
    import hashlib

    bundle.writestr(_entry(name), content)
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _add_file(bundle: zipfile.ZipFile, name: str, file: Path) -> dict[str, Any]:
    with bundle.open(_entry(name), "w", force_zip64=True) as target, file.open("rb") as source:
        while block := source.read(1 << 20):
            target.write(block)
    return {"name": name, "sha256": digest_of(file), "bytes": file.stat().st_size}


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=FIXED_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info
