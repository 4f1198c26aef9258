"""The model card: what the model is, how good, and what that rests on. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bort.core.finetune import Recipe
from bort.studies.commands import export_command, finetune_command


def model_card(name: str, realised: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    """Markdown with the front matter that model hubs read.

    Args:
        name: of the model.
        realised: its row of `bort finetune --json`.
        evidence: as the store keeps it.
    """
    parts = [
        _front_matter(name, realised, evidence["data"]["title"]),
        f"# {name}",
        _summary(realised),
        _use(evidence),
        "## Results",
        _results(realised),
        _latency(realised),
        "## How it was found",
        _search(realised, evidence.get("search")),
        "## How it was trained",
        _training(realised, evidence),
        "## Data",
        _data(evidence),
        "## Commands",
        _commands(name, realised, evidence),
        "## Limits",
        _LIMITS,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_LIMITS = (
    "Judged on texts of the task above only; other texts may be answered worse. Latency holds for "
    "the machine and the workload named above. Texts longer than the model was trained on are "
    "read further than it learned."
)


def _front_matter(name: str, realised: Mapping[str, Any], data: str) -> str:
    """YAML, of which JSON is a part: what stands in it is quoted as JSON quotes it."""
    result = {
        "task": {"type": "text-classification"},
        "dataset": {"name": data, "type": re.sub(r"[^A-Za-z0-9._-]+", "-", data), "split": "audit"},
        "metrics": [{"type": "accuracy", "value": realised["exported"]["audit_accuracy"]}],
    }
    return (
        "---\nlibrary_name: transformers\npipeline_tag: text-classification\n"
        "tags:\n- bort\n- distillation\n- optimal-subarchitecture-extraction\n"
        f"metrics:\n- accuracy\nmodel-index:\n- name: {json.dumps(name)}\n"
        f"  results:\n  - {json.dumps(result)}\n---"
    )


def _summary(realised: Mapping[str, Any]) -> str:
    audit, teacher = realised["audit"], realised["teacher"]
    faster = realised.get("times_faster_than_teacher")
    speed = "" if faster is None else f" and answers {faster:.1f} times as fast"
    shape = ", ".join(f"{k} {v}" for k, v in realised["architecture"].items())
    return (
        f"A text classifier of {realised['parameter_count']:,} parameters ({shape}). On "
        f"{audit['n']:,} texts that nothing was chosen by it is right {audit['accuracy']:.1%} of "
        f"the time (95%: {audit['low']:.1%} to {audit['high']:.1%}), "
        f"{realised['share_of_teacher']:.1%} of its teacher's {teacher['accuracy']:.1%}{speed}."
    )


def _use(evidence: Mapping[str, Any]) -> str:
    names = ", ".join(evidence["data"]["class_names"])
    return (
        "```python\nfrom transformers import pipeline\n\n"
        'classify = pipeline("text-classification", model="FOLDER")\n'
        'classify("What a fine film.")\n```\n\n'
        f"Labels: {names}. Trained on texts of up to {evidence['max_length']} tokens."
    )


def _results(realised: Mapping[str, Any]) -> str:
    exported = realised["exported"]
    rows = [
        ("this architecture, mean over seeds", realised["audit"]),
        ("teacher", realised["teacher"]),
        ("the same architecture, plain", realised.get("plain_student")),
        ("tf-idf with logistic regression", realised.get("tfidf")),
    ]
    lines = ["| | accuracy on audit | 95% interval | macro F1 |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {row['accuracy']:.4f} | {row['low']:.4f} to {row['high']:.4f} | "
        f"{row['macro_f1']:.4f} |"
        for name, row in rows
        if row
    ]
    seeds = ", ".join(map(str, realised["seeds"]))
    note = (
        f"Seeds {seeds}; exported is seed {exported['seed']}, the best on dev "
        f"({exported['dev_accuracy']:.4f}), with {exported['audit_accuracy']:.4f} on audit."
    )
    return "\n".join(lines) + f"\n\n{note}"


def _latency(realised: Mapping[str, Any]) -> str:
    lines = ["| runtime | ms | 95% interval | teacher | workload |", "|---|---|---|---|---|"]
    for runtime, row in realised["latency"].items():
        teacher = "" if row["teacher_ms"] is None else f"{row['teacher_ms']:.2f}"
        note = "" if row["noise_ok"] else " (measured on a busy machine)"
        lines.append(
            f"| {runtime} | {row['median_ms']:.2f} | {row['low_ms']:.2f} to {row['high_ms']:.2f} "
            f"| {teacher} | {row['workload']}{note} |"
        )
    return "\n".join(lines)


def _search(realised: Mapping[str, Any], search: Mapping[str, Any] | None) -> str:
    if search is None:
        return "The study that it was picked from is not stored any more."
    epsilon = search["certified_epsilon"]
    certified = (
        "nothing was certified"
        if epsilon is None
        else f"certified within a factor of {1 + epsilon:.3f} ({search['guarantee']})"
    )
    text = (
        f"Picked from the study {search['study']}: {search['evaluations']} of "
        f"{search['space_size']} architectures trained, goal {search['goal']}, {certified}."
    )
    predicted = realised.get("predicted")
    if predicted:
        text += (
            f" There, after a short training, its dev error was {predicted['error_rate']:.4f} "
            f"(± {predicted['error_se']:.4f}) and its predicted latency "
            f"{predicted['latency_ms']:.2f} ms."
        )
    ledger = _table(("assumption", "status", "evidence"), search["ledger"])
    return f"{text}\n\n{ledger}" if search["ledger"] else text


def _table(keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"| {' | '.join(keys)} |", f"|{'---|' * len(keys)}"]
    lines += [f"| {' | '.join(_cell(row[key]) for key in keys)} |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def _training(realised: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    keys = ("stage", "seed", "steps", "chosen_step", "dev_error", "learning_rate", "seconds")
    rows = [
        {**row, "seconds": f"{row['seconds']:.0f}", "dev_error": f"{row['dev_error']:.4f}"}
        for row in realised["stages"]
    ]
    oracle, machine = evidence["oracle"], evidence["machine"]
    threads = f"{oracle['threads']} thread{'' if oracle['threads'] == 1 else 's'}"
    return (
        f"Source network {oracle['source']} (SHA-256 {oracle['source_sha256'][:12]}…), teacher "
        f"{oracle['teacher']} (dev error {oracle['teacher_dev_error']:.4f}), on "
        f"{machine['cpu']}, {threads}, {oracle['device']}.\n\n" + _table(keys, rows)
    )


def _data(evidence: Mapping[str, Any]) -> str:
    data = evidence["data"]
    splits = ", ".join(f"{name} {count:,}" for name, count in data["splits"].items())
    return (
        f"Task {_cell(data['title'])}: {splits} texts, split with seed {data['seed']}; "
        f"{data['unlabelled']:,} unlabelled and made-up texts for distillation. No text is part "
        "of this folder. Early stopping looked at dev; audit was read once, at the end."
    )


def _commands(name: str, realised: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    finetune = finetune_command(
        realised["study"],
        [realised["architecture_id"]],
        seeds=len(realised["seeds"]),
        recipe=Recipe.from_dict(evidence["recipe"]),
        threads=evidence["oracle"]["threads"],
    )
    search = f"{evidence['search']['command']}\n" if evidence["search"] else ""
    return f"```sh\n{search}{finetune}\n{export_command(name, 'hf', 'FOLDER')}\n```"
