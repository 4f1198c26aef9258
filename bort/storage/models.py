"""Trained models and their records. Each model's weights have their own folder."""

import contextlib
import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bort.core import paths, shared_files
from bort.core.architecture import Architecture
from bort.core.errors import StoreError, UnknownModelError
from bort.core.files import make_folder
from bort.core.scratch import scratch, sweep
from bort.storage import schema
from bort.storage.database import Database
from bort.storage.urls import shown

_LISTED = 5  # names in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """One trained model.

    Attributes:
        name: unique in the store.
        job_id: the job that trained it; None if it was imported.
        study: the name of the study it was picked from, even if that is no longer in the store.
        task: the task it was trained on.
        architecture_id: values joined by dashes.
        realised: its row of `bort finetune --json`: accuracies, latencies, stages, comparison.
        evidence: the search's space, epsilon, certificate and ledger, and how it was trained.
        created_at: seconds since 1970.
        is_imported: it came from a bundle, and can only be read and exported.
        folder_name: the name of its folder in `models_folder()`.
        is_example: recorded elsewhere and shipped with us, without its weights.
    """

    id: int
    name: str
    job_id: int | None
    study: str
    task: str
    architecture_id: str
    architecture: Mapping[str, int]
    realised: Mapping[str, Any]
    evidence: Mapping[str, Any]
    created_at: float
    is_imported: bool
    folder_name: str
    is_example: bool = False

    @property
    def folder(self) -> Path:
        """The model's Hugging Face folder: config.json, model.safetensors, tokenizer."""
        return models_folder() / self.folder_name


_compared: set[tuple[Path, float]] = set()  # with the shared files, by this process


def fetch_model(model: ModelRecord) -> None:
    """Get the files of a model that another machine trained, if machines share files.

    A folder that is here already may be that of a deleted model of the same name, so each process
    compares it once; what is equal stays.

    Raises:
        StoreError: they cannot be read.
    """
    one = (model.folder, model.created_at)
    if one not in _compared or not model.folder.exists():
        shared_files.fetch(model.folder)
        _compared.add(one)


def models_folder() -> Path:
    """The folder of all models' files."""
    return paths.home() / "models"


class Models:
    """The part of the store that keeps trained models."""

    _db: Database

    def free_model_name(self, wanted: str) -> str:
        """Return the first of `wanted`, `wanted`-2, -3, ... that no model or folder has.

        First removes the folders of processes that were killed in `placing_model`.
        """
        sweep(models_folder(), self._mark_name, on_left=self._take_back)
        taken = {model.name for model in self.models()}
        names = (wanted if n == 1 else f"{wanted}-{n}" for n in count(1))
        return next(n for n in names if n not in taken and not (models_folder() / n).exists())

    @contextlib.contextmanager
    def placing_model(self, name: str) -> Iterator[Path]:
        """Yield the folder of a model, for a block that moves its files there and stores its row.

        If the block fails, or its process is killed, before the row is stored, the folder is
        removed: now, or by the next one who asks this store for a free name. A mark beside it
        tells which store it was for, since others may share the home folder.
        """
        make_folder(models_folder())
        with scratch(
            models_folder(), self._mark_name, is_folder=False, on_left=self._take_back
        ) as mark:
            mark.write_text(name, encoding="utf-8")
            try:
                yield models_folder() / name
            except BaseException:
                with contextlib.suppress(StoreError):
                    self._take_back(mark)
                raise

    @property
    def _mark_name(self) -> str:
        store = hashlib.sha256(shown(self._db.url).encode()).hexdigest()
        return f"placing-{store[:12]}"

    def _take_back(self, mark: Path) -> None:
        """Remove the folder that a mark names, unless a model of this store has it."""
        name = mark.read_text(encoding="utf-8")
        if name and all(model.folder_name != name for model in self.models()):
            shutil.rmtree(models_folder() / name, ignore_errors=True)

    def add_model(
        self,
        name: str,
        *,
        job_id: int | None,
        study: str,
        task: str,
        architecture: Mapping[str, int],
        realised: Mapping[str, Any],
        evidence: Mapping[str, Any],
        is_imported: bool = False,
    ) -> ModelRecord:
        """Store a model; its folder of the same name must be complete.

        A model of that name that the same job stored before is replaced: a resumed job repeats
        its last step. Where machines share files, its files are pushed first.
        """
        shared_files.push(models_folder() / name)
        table = schema.models
        row = {
            "name": name,
            "job_id": job_id,
            "study": study,
            "task": task,
            "architecture_id": Architecture.of(**architecture).id,
            "architecture": dict(architecture),
            "realised": realised,
            "evidence": evidence,
            "created_at": time.time(),
            "is_imported": is_imported,
            "folder_name": name,
            "is_example": False,
        }
        with self._db.writing() as connection:
            if job_id is not None:
                connection.execute(
                    table.delete().where(table.c.name == name, table.c.job_id == job_id)
                )
            connection.execute(table.insert().values(row))
        return self.model(name)

    def keep_results(self, name: str, realised: Mapping[str, Any]) -> None:
        """Replace a model's results, after more has been measured.

        Raises:
            UnknownModelError: no model of that name.
        """
        found, table = self.model(name), schema.models
        with self._db.writing() as connection:
            connection.execute(
                table.update().where(table.c.id == found.id).values(realised=dict(realised))
            )

    def models(self, *, study: str | None = None, job_id: int | None = None) -> list[ModelRecord]:
        """Return models, newest first, that meet every given condition."""
        table = schema.models
        query = table.select().order_by(table.c.created_at.desc(), table.c.id.desc())
        if study is not None:
            query = query.where(table.c.study == study)
        if job_id is not None:
            query = query.where(table.c.job_id == job_id)
        with self._db.reading() as connection:
            return [_record(row) for row in connection.execute(query)]

    def model(self, name: str) -> ModelRecord:
        """Read one model.

        Raises:
            UnknownModelError: no model of that name.
        """
        stored = self.models()
        found = next((model for model in stored if model.name == name), None)
        if found is None:
            names = ", ".join(model.name for model in stored[:_LISTED])
            known = (
                f"stored models: {names}"
                if stored
                else "none is stored yet; train one with: bort finetune --best"
            )
            raise UnknownModelError(f"there is no model {name!r}; {known}")
        return found


def _record(row: Any) -> ModelRecord:
    return ModelRecord(
        id=row.id,
        name=row.name,
        job_id=row.job_id,
        study=row.study,
        task=row.task,
        architecture_id=row.architecture_id,
        architecture=row.architecture,
        realised=row.realised,
        evidence=row.evidence,
        created_at=row.created_at,
        is_imported=row.is_imported,
        folder_name=row.folder_name,
        is_example=bool(row.is_example),
    )
