"""Turn trained students into a model: its folder, its row in the store, and its evidence."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bort.core.architecture import Architecture
from bort.core.baseline import Method
from bort.core.errors import BortError, InvalidFieldError, StoreError, UnknownStudyError
from bort.core.machine import this_machine
from bort.core.scratch import temporary
from bort.core.serialise import from_json, to_json
from bort.core.size import SizeSpec, SizeUnit
from bort.core.study import TaskSpec, suggest_name
from bort.families.sizes import sizes_of
from bort.finetuning.evaluation import Evaluated, baselines_of, stage_summaries, teacher_result
from bort.finetuning.latency import nearest_landmark
from bort.finetuning.mistakes import Mistakes
from bort.finetuning.realised import (
    TEACHER,
    DataFacts,
    Evidence,
    FileBytes,
    LandmarkResult,
    Predicted,
    Realised,
    RealisedLatency,
    RuntimeTimes,
    SearchFacts,
    landmark_key,
)
from bort.finetuning.setup import TaskSetup
from bort.finetuning.stages import StageKind
from bort.finetuning.students import TrainedStage, load_weights
from bort.latency.workload import workload_of
from bort.storage import Store
from bort.studies.answers import read_answer
from bort.studies.commands import search_command
from bort.training.candidate import Candidate
from bort.training.limits import READS
from bort.training.model_files import save_classifier
from bort.training.pieces import pruned
from bort.training.tokens import load_tokenizer

SPECIAL_TOKENS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def publish(
    store: Store,
    job_id: int,
    setup: TaskSetup,
    task: TaskSpec,
    trained: Sequence[TrainedStage],
    *,
    plain: TrainedStage | None,
    latencies: Mapping[str, RuntimeTimes],
) -> Realised:
    """Evaluate all seeds of one architecture and store the best on dev as a model.

    The model's folder is written among the job's files and moved once it is complete; only then is
    the row stored. An interruption never leaves anything that looks like a model.

    Args:
        trained: the last stage of each seed's student.
        plain: the baseline from random weights; None if it was not trained.
    """
    evaluated = Evaluated(setup, trained)
    best = evaluated.exported
    architecture = best.training.architecture
    name = _name(store, job_id, setup.spec.study, setup.task.name, architecture.id)
    with _full_disk_explained():
        folder = best.folder / "model"
        candidate = setup.build(architecture, best.training.seed)
        load_weights(candidate.model, best.folder)
        counted = save_student(folder, setup, architecture, candidate)
        files = _file_bytes(setup, architecture, folder)
    realised = _realised(
        store,
        setup,
        evaluated,
        name=name,
        plain=plain,
        latencies=latencies,
        parameter_count=_checked_count(setup, architecture, counted),
        files=files,
    )
    max_length = setup.encoded_for(architecture).max_length
    evidence = _evidence(store, setup, task, latencies, max_length, evaluated.mistakes)
    with _full_disk_explained(), store.placing_model(name) as target:
        shutil.rmtree(target, ignore_errors=True)  # written by the same job before
        folder.rename(target)
        store.add_model(
            name,
            job_id=job_id,
            study=setup.spec.study,
            task=setup.task.name,
            architecture=architecture.as_dict(),
            realised=to_json(realised),
            evidence=to_json(evidence),
        )
    return realised


def save_student(
    folder: Path, setup: TaskSetup, architecture: Architecture, candidate: Candidate
) -> int:
    """Write a student with its whole vocabulary and tokenizer; returns its parameter count.

    Tokens that do not occur in the task keep their inherited embeddings. A student with a
    vocabulary of its own gets a tokenizer of exactly that vocabulary.

    Raises:
        StoreError: it cannot be written; nothing is left behind.
    """
    encoded, words = setup.encoded_for(architecture), setup.oracle.words
    if encoded.pieces is not None:
        words = words[encoded.pieces]
    weights = candidate.full_weights(encoded.places, words)
    config = candidate.model.config
    config.vocab_size = len(weights[_table_name(candidate.model)])
    config.id2label = dict(enumerate(setup.task.class_names))
    config.label2id = {name: number for number, name in enumerate(setup.task.class_names)}
    source = setup.oracle.source.folder
    setattr(config, READS, encoded.max_length)
    with temporary("tokenizer") as place:
        tokenizer = source
        if encoded.pieces is not None:
            tokenizer = write_pruned_tokenizer(place, source, encoded.pieces)
        save_classifier(folder, config, weights, tokenizer_from=tokenizer)
    write_tokenizer(folder, load_tokenizer(folder))
    complete_tokenizer(folder, source, longest=encoded.max_length)
    return _parameters(candidate.model, weights)


def _table_name(model: Any) -> str:
    table = model.get_input_embeddings().weight
    (name,) = [n for n, w in model.named_parameters() if w is table]
    return str(name)


def write_pruned_tokenizer(folder: Path, source: Path, kept: NDArray[np.int64]) -> Path:
    """Write the source's tokenizer with only some pieces; returns the folder.

    Args:
        kept: ids of the pieces in the source's vocabulary, ascending.
    """
    tokenizer = pruned(load_tokenizer(source), kept)
    write_tokenizer(folder, tokenizer)
    pieces = [tokenizer.id_to_token(number) for number in range(len(kept))]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    path = source / "tokenizer_config.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known.pop("added_tokens_decoder", None)  # its ids are those of the source
    (folder / path.name).write_text(json.dumps(known), encoding="utf-8")
    return folder


def write_tokenizer(folder: Path, tokenizer: Any) -> None:
    """Write tokenizer.json without line breaks, which would make up a third of the file."""
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")


def _parameters(model: Any, weights: dict[str, Tensor]) -> int:
    return sum(weights[name].numel() for name, _ in model.named_parameters())


def complete_tokenizer(folder: Path, source: Path, *, longest: int) -> None:
    """Write both tokenizer files, so that every release of `transformers` can read them."""
    if not (folder / "tokenizer.json").is_file():
        write_tokenizer(folder, load_tokenizer(source))
    path = folder / "tokenizer_config.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    content = {"tokenizer_class": "BertTokenizer", **SPECIAL_TOKENS, **known}
    content["model_max_length"] = longest
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


@contextmanager
def _full_disk_explained() -> Iterator[None]:
    """Turn a disk error into a message that says what to do."""
    try:
        yield
    except OSError as error:
        if isinstance(error, BortError):
            raise
        raise StoreError(
            f"the model cannot be written ({error.strerror or error}); free some space and "
            "resume the job; the trained weights are kept"
        ) from error


def _realised(
    store: Store,
    setup: TaskSetup,
    evaluated: Evaluated,
    *,
    name: str,
    plain: TrainedStage | None,
    latencies: Mapping[str, RuntimeTimes],
    parameter_count: int,
    files: FileBytes | None,
) -> Realised:
    spec, space = setup.spec, setup.space
    architecture = evaluated.exported.training.architecture
    first = latencies[spec.runtimes[0]].models
    own_ms = first[architecture.id].median_ms
    teacher_ms = first[TEACHER].median_ms if TEACHER in first else None
    audit = evaluated.audit
    teacher = teacher_result(setup, latency_ms=teacher_ms)
    stages = stage_summaries(evaluated.trained)
    mark = nearest_landmark(parameter_count)
    baselines = baselines_of(setup, evaluated) if spec.compare else {}
    return Realised(
        model=name,
        study=spec.study,
        task=setup.task.name,
        architecture=architecture.as_dict(),
        architecture_id=architecture.id,
        seeds=tuple(stage.training.seed for stage in evaluated.trained),
        dev=evaluated.dev,
        audit=audit,
        exported=evaluated.chosen,
        teacher=teacher,
        share_of_teacher=(
            evaluated.accuracy_where_teacher_answers / teacher.accuracy
            if teacher and teacher.accuracy
            else None
        ),
        difference_from_teacher=evaluated.difference_from_teacher if teacher else None,
        plain_student=Evaluated(setup, [plain]).as_baseline("plain student") if plain else None,
        majority=baselines.get(Method.MAJORITY),
        tfidf=baselines.get(Method.TFIDF),
        probe=baselines.get(Method.PROBE),
        landmark=LandmarkResult(
            name=mark.name,
            parameter_count=mark.blueprint.parameter_count(),
            published_parameter_count=mark.published_parameters,
            source=mark.source,
            latency_ms=first[landmark_key(mark.name)].median_ms,
        ),
        predicted=_predicted(store, spec.study, architecture.id),
        parameter_count=parameter_count,
        effective_parameter_count=int(space.effective_parameter_count[space.index(architecture)]),
        files=files,
        reliability=evaluated.reliability,
        confusion=evaluated.confusion,
        calibration=evaluated.calibration,
        latency_ms=own_ms,
        latency={
            runtime: _realised_latency(times, architecture.id)
            for runtime, times in latencies.items()
        },
        times_faster_than_teacher=None if teacher_ms is None else teacher_ms / own_ms,
        stages=stages,
        dev_is_seen=spec.dev_is_seen
        or any(s.training.kind is StageKind.AGORA for s in evaluated.trained),
        seconds=sum(stage.seconds for stage in stages),
    )


def _realised_latency(times: RuntimeTimes, architecture_id: str) -> RealisedLatency:
    own, teacher = times.models[architecture_id], times.models.get(TEACHER)
    return RealisedLatency(
        median_ms=own.median_ms,
        low_ms=own.low_ms,
        high_ms=own.high_ms,
        p95_ms=own.p95_ms,
        teacher_ms=None if teacher is None else teacher.median_ms,
        workload=times.workload,
        noise_ok=times.noise_ok,
    )


def _checked_count(setup: TaskSetup, architecture: Architecture, counted: int) -> int:
    """Return the parameter count after checking it against the formula.

    Raises:
        AssertionError: they differ, so the formula is wrong.
    """
    wanted = int(setup.space.parameter_count[setup.space.index(architecture)])
    assert counted == wanted, f"{architecture.id}: built {counted} parameters, formula {wanted}"
    return counted


def _file_bytes(setup: TaskSetup, architecture: Architecture, folder: Path) -> FileBytes | None:
    """Count the bytes that a person passes on: weights and tokenizer."""
    index = setup.space.index(architecture)
    tokenizer = (folder / "tokenizer.json").stat().st_size
    try:
        float32, int8 = (
            tokenizer + int(sizes_of(setup.space, SizeSpec(unit=unit))[index])
            for unit in (SizeUnit.FLOAT32, SizeUnit.INT8)
        )
    except InvalidFieldError:
        return None
    return FileBytes(float32=float32, int8=int8)


def _name(store: Store, job_id: int, study: str, task: str, architecture: str) -> str:
    """Choose one name per job, task and architecture, the same when a job is resumed."""
    for model in store.models(job_id=job_id):
        if (model.task, model.architecture_id) == (task, architecture):
            return model.name
    # A study is often named after its task; do not repeat it.
    stem = (study if study.startswith(task) else suggest_name(task, study))[:50].rstrip("-._")
    return store.free_model_name(f"{stem}-{architecture}")


def _predicted(store: Store, study: str, architecture_id: str) -> Predicted | None:
    """Return the search's result for the architecture; None if the search never trained it."""
    try:
        points = read_answer(store, study).points
    except UnknownStudyError:
        return None
    point = next((p for p in points if p.id == architecture_id), None)
    return None if point is None else from_json(Predicted, point.as_json(), what="the prediction")


def _evidence(
    store: Store,
    setup: TaskSetup,
    task: TaskSpec,
    latencies: Mapping[str, RuntimeTimes],
    max_length: int,
    mistakes: Mistakes,
) -> Evidence:
    spec, loaded = setup.spec, setup.task
    search = _search(store, spec.study)
    return Evidence(
        search=search,
        space=dict(spec.space),
        data=DataFacts(
            task=loaded.name,
            task_spec=task.to_dict(),
            title=loaded.title,
            class_names=tuple(loaded.class_names),
            splits={split: len(getattr(loaded, split)) for split in ("train", "dev", "audit")},
            unlabelled=len(loaded.pool) if loaded.pool and spec.recipe.uses_pool else 0,
            seed=task.seed,
            is_studys=search is not None and store.study(spec.study).spec.task == task,
        ),
        oracle=setup.oracle.describe(),
        recipe=spec.recipe,
        max_length=max_length,
        workload=workload_of(spec.latency, setup.space),
        machine=this_machine(["torch", "transformers"], threads=setup.oracle.threads).to_dict(),
        latency=dict(latencies),
        trained_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        mistakes=mistakes,
    )


def _search(store: Store, study: str) -> SearchFacts | None:
    try:
        answer = read_answer(store, study).as_json()
    except UnknownStudyError:
        return None
    facts = {
        **answer,
        "command": search_command(store.study(study).spec),
        "front": [point["id"] for point in answer["front"]],
    }
    return from_json(SearchFacts, facts, what="the search's answer")
