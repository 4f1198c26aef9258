"""The model card: what the model is, how good it is, and the evidence. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from bort.core.architecture import Architecture
from bort.core.serialise import to_json
from bort.families import OWN_NETWORKS
from bort.finetuning.again import training_command
from bort.finetuning.realised import Accuracy, Evidence, Realised, StageSummary
from bort.report import models as words
from bort.report.baselines import NAMES
from bort.report.deployed import HEADINGS, fastest_sentence, file_rows, rule_sentence
from bort.report.ledger import ledger_rows
from bort.report.numbers import milliseconds, milliseconds_range, shape
from bort.studies.commands import export_command

WEIGHTS = "model.safetensors"


def model_card(
    name: str,
    realised: Realised,
    evidence: Evidence,
    *,
    kind: str = "hf",
    file: str = WEIGHTS,
    more: str = "",
) -> str:
    """Write Markdown with the front matter that model hubs read.

    Args:
        kind: what `bort export --format` is called with.
        file: of the weights, in the folder that the card describes.
        more: sections to add at the end.
    """
    search = evidence.search
    parts = [
        _front_matter(name, realised, evidence),
        f"# {name}",
        _summary(realised),
        _use(realised, evidence, file),
        "## Results",
        _results(realised),
        _latency(realised),
        _files(realised),
        "## How it was found",
        words.search_sentence(search, realised.predicted),
        _table(("assumption", "status", "evidence"), ledger_rows(search.ledger))
        if search and search.ledger
        else "",
        "## How it was trained",
        words.training_sentence(evidence.oracle, cpu=evidence.machine["cpu"]),
        _stages(realised.stages),
        "## Data",
        words.data_sentence(evidence.data),
        "## Commands",
        _commands(name, realised, evidence, kind),
        "## Limits",
        words.LIMITS,
        more,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(name: str, realised: Realised, evidence: Evidence) -> str:
    """Write YAML front matter, with values quoted as JSON, which is valid YAML."""
    data = evidence.data.title
    library = "" if is_ours(realised, evidence) else "library_name: transformers\n"
    result = {
        "task": {"type": "text-classification"},
        "dataset": {"name": data, "type": re.sub(r"[^A-Za-z0-9._-]+", "-", data), "split": "audit"},
        "metrics": [{"type": "accuracy", "value": realised.exported.audit_accuracy}],
    }
    return (
        f"---\n{library}pipeline_tag: text-classification\n"
        "tags:\n- bort\n- distillation\n- optimal-subarchitecture-extraction\n"
        f"metrics:\n- accuracy\nmodel-index:\n- name: {json.dumps(name, ensure_ascii=False)}\n"
        f"  results:\n  - {json.dumps(result, ensure_ascii=False)}\n---"
    )


def _summary(realised: Realised) -> str:
    return (
        f"A text classifier with {realised.parameter_count:,} parameters "
        f"({shape(realised.architecture)}). "
        f"{words.files_sentence(realised)} "
        f"{words.accuracy_sentence(realised)} {words.teacher_sentence(realised)} "
        f"{words.beaten_sentence(realised)} {words.weakest_sentence(realised)}".rstrip()
    )


def _use(realised: Realised, evidence: Evidence, file: str) -> str:
    names = ", ".join(evidence.data.class_names)
    return (
        f"```python\n{usage(realised, evidence, file=file)}\n```\n\n"
        f"Labels: {names}. It reads the first {evidence.max_length} tokens "
        "of a text, as in training and in all figures above."
    )


def usage(
    realised: Realised, evidence: Evidence, folder: str = "FOLDER", *, file: str = WEIGHTS
) -> str:
    """Write Python that classifies an example, with `transformers` if it knows the family.

    Args:
        folder: an exported model.
        file: of its weights; an ONNX file needs its runtime instead.
    """
    texts = words.example_texts(evidence.data)
    is_onnx = file.endswith(".onnx")
    if is_onnx or is_ours(realised, evidence):
        loader = "onnx_loader.py" if is_onnx else "small_loader.py"
        quoted = ", ".join(json.dumps(text, ensure_ascii=False) for text in texts)
        return (
            f"{files('bort.export').joinpath(loader).read_text('utf-8')}\n\n"
            f"classify = load({folder!r}, {file!r})\n"
            f"logits = classify({quoted})\n"
            "print(max(logits, key=logits.get))"
        )
    keys = ("text", "text_pair")
    example: Any = texts[0] if len(texts) == 1 else dict(zip(keys, texts, strict=True))
    return (
        "from transformers import pipeline\n\n"
        f'classify = pipeline("text-classification", model={folder!r})\n'
        f"print(classify({json.dumps(example, ensure_ascii=False)}, truncation=True))"
    )


def is_ours(realised: Realised, evidence: Evidence) -> bool:
    """Whether the network is static or convolutional, which `transformers` does not know."""
    architecture = Architecture.of(**realised.architecture)
    return (architecture.family or evidence.space["family"]) in OWN_NETWORKS


def _results(realised: Realised) -> str:
    rows: list[tuple[str, Accuracy | None]] = [
        (f"this architecture, {words.seeds_phrase(realised)}", realised.audit),
        ("teacher", realised.teacher),
        ("the same architecture from random weights", realised.plain_student),
        *((NAMES[method], found) for method, found in realised.baselines.items()),
    ]
    lines = ["| | accuracy on audit | 95% interval | macro F1 |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {row.accuracy:.4f} | {row.low:.4f} to {row.high:.4f} | {row.macro_f1:.4f} |"
        for name, row in rows
        if row
    ]
    exported = realised.exported
    note = (
        f"The exported weights are those of seed {exported.seed}, the best on dev: "
        f"{exported.dev_accuracy:.4f} on dev, {exported.audit_accuracy:.4f} on audit."
    )
    if realised.dev_is_seen:
        note += f" {words.DEV_IS_SEEN}"
    return "\n".join(lines) + f"\n\n{note}"


def _latency(realised: Realised) -> str:
    lines = ["| runtime | ms | 95% interval | teacher | workload |", "|---|---|---|---|---|"]
    for runtime, row in realised.latency.items():
        teacher = "" if row.teacher_ms is None else milliseconds(row.teacher_ms)
        noise = "" if row.noise_ok else " (measured on a busy machine)"
        lines.append(
            f"| {runtime} | {milliseconds(row.median_ms)} "
            f"| {milliseconds_range(row.low_ms, row.high_ms)} | {teacher} | {row.workload}{noise} |"
        )
    return "\n".join(lines)


def _files(realised: Realised) -> str:
    """Write the section about the files, if they were timed."""
    deployed = realised.deployed
    if deployed is None:
        return ""
    lines = [f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}"]
    lines += [f"| {' | '.join(row)} |" for row in file_rows(deployed)]
    said = f"{fastest_sentence(deployed)} {rule_sentence(deployed)}"
    return "\n\n".join(["### From text to label", said, "\n".join(lines)])


def _stages(stages: Sequence[StageSummary]) -> str:
    keys = ("stage", "seed", "steps", "chosen_step", "dev_error", "learning_rate", "seconds")
    rows = [
        {
            **to_json(stage),
            "dev_error": f"{stage.dev_error:.4f}",
            "learning_rate": f"{stage.learning_rate:.3g}",
            "seconds": f"{stage.seconds:.0f}",
        }
        for stage in stages
    ]
    return _table(keys, rows)


def _table(keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"| {' | '.join(key.replace('_', ' ') for key in keys)} |", f"|{'---|' * len(keys)}"]
    lines += [f"| {' | '.join(_cell(row[key]) for key in keys)} |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def _commands(name: str, realised: Realised, evidence: Evidence, kind: str) -> str:
    search = "" if evidence.search is None else f"{evidence.search.command}\n"
    again = training_command(realised, evidence)
    finetune = "" if again is None else f"{again}\n"
    return f"```sh\n{search}{finetune}{export_command(name, kind, 'FOLDER')}\n```"
