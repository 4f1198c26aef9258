"""Open a run bundle made elsewhere; check everything before keeping anything."""

import hashlib
import math
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from bort.core.errors import BortError, ExportError, first_line
from bort.core.files import make_folder
from bort.core.inputs import check_plain, parse_json
from bort.core.scratch import scratch
from bort.core.serialise import from_json
from bort.export.bundle import FORMAT, MANIFEST, MODEL, MODEL_FOLDER, STUDY
from bort.export.folder import NEEDED
from bort.export.predicting import Predictor
from bort.finetuning.realised import Evidence, Realised
from bort.storage import ModelRecord, Store, Thing, ThingKind, import_study, models_folder
from bort.studies.answers import read_answer

MOST_BYTES = 4 << 30  # unpacked; BERT-large in float32 takes 1.3 GB
MOST_FILES = 200
LARGEST_TEXT = 64 << 20  # bytes of JSON, which is read at once
ENDINGS = (".json", ".parquet", ".safetensors", ".md", ".txt")
BLOCK = 1 << 20
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# The exceptions that zipfile raises if any byte of a zip may have changed.
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


def import_bundle(store: Store, path: Path) -> tuple[ModelRecord, bool]:
    """Check a bundle; keep its model, read-only, and its study if no study has that name.

    Returns:
        The model, and whether the study was imported.
    Raises:
        ExportError: the file is not a bundle; one of its files was changed, is missing or climbs
            out of its folder; it is larger than `MOST_BYTES` when unpacked; or the disk is full.
            Then nothing is kept.
    Cost: one pass over the bundle.
    """
    try:
        make_folder(models_folder())
        with scratch(models_folder(), "import") as folder:
            _unpack(path, folder)
            return _keep(store, folder, _read_object(folder / MODEL, path), path)
    except BortError:
        raise
    except OSError as error:
        raise ExportError(
            f"{path} cannot be kept in {models_folder()} ({error.strerror or error}); "
            "free some space, or set BORT_HOME"
        ) from error


def _keep(
    store: Store, folder: Path, described: Mapping[str, Any], path: Path
) -> tuple[ModelRecord, bool]:
    missing = [name for name in NEEDED if not (folder / MODEL_FOLDER / name).is_file()]
    if missing:
        raise ExportError(f"{path} has no {MODEL_FOLDER}/{missing[0]}; get a complete bundle")
    try:
        wanted = _plain_name(str(described["name"]))
        values: dict[str, Any] = {
            "study": str(described["study"]),
            "task": str(described["task"]),
            "architecture": {str(k): int(v) for k, v in described["architecture"].items()},
            "realised": dict(described["realised"]),
            "evidence": dict(described["evidence"]),
        }
        # Everything that exporting the model needs must be there.
        from_json(Realised, values["realised"], what="the model's results", error=ExportError)
        evidence = from_json(
            Evidence, values["evidence"], what="the model's evidence", error=ExportError
        )
    except (ExportError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExportError(
            f"{MODEL} in {path} is damaged ({type(error).__name__}: {error}); get another copy"
        ) from error
    _check_answers(folder / MODEL_FOLDER, evidence.data.class_names, path)
    is_new = _import_study(store, folder / STUDY, path)
    return _place(store, folder / MODEL_FOLDER, wanted, values), is_new


def _place(store: Store, folder: Path, wanted: str, values: Mapping[str, Any]) -> ModelRecord:
    """Move the model's folder to its place and store its row."""
    while True:
        name = store.free_model_name(wanted)
        with store.placing_model(name) as target:
            try:
                folder.rename(target)
            except OSError:
                if not target.exists():
                    raise
                continue  # another import has just taken the name
            return store.add_model(name, job_id=None, is_imported=True, **values)


def _check_answers(folder: Path, class_names: Sequence[str], path: Path) -> None:
    """Open the model and let it answer.

    Raises:
        ExportError: it cannot be opened, has other classes, or its scores are no numbers.
    """
    try:
        predictor = Predictor(folder)
        pair = len(predictor.columns or ()) == 2
        scores = predictor([("text", "text") if pair else "text"])[0].scores
    except Exception as error:  # weights of another shape raise many classes
        raise ExportError(
            f"the model in {path} does not answer ({first_line(error)}); get another copy"
        ) from error
    if set(scores) != set(class_names):
        raise ExportError(
            f"the model in {path} answers {', '.join(scores)}, but its evidence is about "
            f"{', '.join(class_names)}; get another copy"
        )
    if not all(map(math.isfinite, scores.values())):
        raise ExportError(f"the model in {path} gives scores that are no numbers; get another copy")


def _import_study(store: Store, file: Path, path: Path) -> bool:
    if not file.is_file():
        return False
    recorded = _read_object(file, path)
    spec = recorded.get("spec")
    name = spec.get("name") if isinstance(spec, Mapping) else None
    if any(study.name == name for study in store.studies()):
        return False
    try:
        study = import_study(store, recorded, example=True)
    except BortError as error:
        raise ExportError(f"the study in {path} cannot be imported: {error}") from error
    try:
        read_answer(store, study.name)
    except Exception as error:  # values that fit nowhere fail in many ways
        store.delete(Thing(ThingKind.STUDY, study.name))
        raise ExportError(
            f"the study in {path} cannot be read ({first_line(error)}); get another copy"
        ) from error
    return True


def _plain_name(name: str) -> str:
    cleaned = "".join(c if c.isalnum() or c in "-._" else "-" for c in name).strip(".-")[:100]
    return cleaned or "imported"


def _unpack(path: Path, folder: Path) -> None:
    """Unpack the files in the manifest, if their hashes match and there are no others."""
    try:
        with _opened(path) as bundle:
            infos = _checked_entries(bundle, path)
            manifest = _manifest(bundle, infos, path)
            if set(manifest) != set(infos) - {MANIFEST}:
                odd = sorted(set(manifest) ^ (set(infos) - {MANIFEST}))[0]
                raise ExportError(
                    f"{path} and its manifest disagree about {odd!r}, so it was "
                    "altered; get another copy"
                )
            left = MOST_BYTES
            for name, digest in manifest.items():
                left -= _extract(bundle, infos[name], folder / name, digest, left, path)
    except BortError:
        raise
    except DAMAGES as error:
        raise ExportError(
            f"{path} is not a run bundle, or is damaged ({error}); get another copy"
        ) from error


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        check_plain(path)
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ExportError(f"there is no file {path}; check the path") from None
    except OSError as error:
        raise ExportError(
            f"{path} cannot be read ({error.strerror or error}); name a file that bort export wrote"
        ) from error


def _checked_entries(bundle: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    infos = bundle.infolist()
    if len(infos) > MOST_FILES:
        raise ExportError(f"{path} contains {len(infos)} files; a bundle has at most {MOST_FILES}")
    for info in infos:
        _check_name(info, path)
    names = {info.filename: info for info in infos}
    if len(names) != len(infos):
        raise ExportError(f"{path} contains a file twice, so it is not a run bundle")
    total = sum(info.file_size for info in infos)
    if total > MOST_BYTES:
        raise ExportError(
            f"{path} would take {total / 2**30:.1f} GiB unpacked; at most "
            f"{MOST_BYTES / 2**30:.0f} GiB are allowed"
        )
    return names


def _check_name(info: zipfile.ZipInfo, path: Path) -> None:
    name = PurePosixPath(info.filename)
    climbs = name.is_absolute() or ".." in name.parts or "\\" in info.filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if climbs or ":" in info.filename or len(name.parts) > 2 or "\0" in info.filename:
        raise ExportError(f"{path} contains {info.filename!r}, which points outside its folder")
    if kind not in (0, stat.S_IFREG) or info.is_dir():
        raise ExportError(f"{path} contains {info.filename!r}, which is not a regular file")
    if info.compress_type not in PACKINGS:
        raise ExportError(
            f"{path} contains {info.filename!r}, which is not packed the way bort does it"
        )
    if name.suffix not in ENDINGS:
        raise ExportError(
            f"{path} contains {info.filename!r}; a bundle has only {', '.join(ENDINGS)} files"
        )


def _manifest(
    bundle: zipfile.ZipFile, infos: Mapping[str, zipfile.ZipInfo], path: Path
) -> dict[str, str]:
    if MANIFEST not in infos or infos[MANIFEST].file_size > LARGEST_TEXT:
        raise ExportError(f"{path} has no {MANIFEST}, so it is not a run bundle")
    try:
        content = parse_json(bundle.read(MANIFEST))
        if content["format"] != FORMAT:
            raise ExportError(
                f"{path} has the format {content['format']!r}, but this bort reads {FORMAT!r}"
            )
        return {str(row["name"]): str(row["sha256"]) for row in content["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{MANIFEST} in {path} is damaged ({error})") from error


def _extract(
    bundle: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    target: Path,
    digest: str,
    left: int,
    path: Path,
) -> int:
    """Write one file while hashing it; returns its bytes. Never trusts the sizes in the bundle."""
    target.parent.mkdir(parents=True, exist_ok=True)
    found, size = hashlib.sha256(), 0
    with bundle.open(info) as source, target.open("wb") as file:
        while block := source.read(BLOCK):
            size += len(block)
            if size > min(left, info.file_size):
                raise ExportError(f"{info.filename} in {path} is larger than the bundle says")
            found.update(block)
            file.write(block)
    if found.hexdigest() != digest:
        raise ExportError(
            f"{info.filename} in {path} is not what was exported (its SHA-256 is "
            f"{found.hexdigest()[:12]}…, expected {digest[:12]}…); get another copy"
        )
    return size


def _read_object(file: Path, path: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST_TEXT:
            raise ExportError(f"{file.name} in {path} is larger than any file that bort writes")
        content = parse_json(file.read_bytes())
    except FileNotFoundError:
        raise ExportError(f"{path} has no {file.name}; get a complete bundle") from None
    except (OSError, ValueError) as error:
        raise ExportError(f"{file.name} in {path} cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise ExportError(f"{file.name} in {path} is not an object; get another copy")
    return content
