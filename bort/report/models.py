"""Sentences about trained models, for terminal, pages and model card alike."""

import math
from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from bort.core.baseline import Method, OracleFacts
from bort.finetuning.cost import FineTuneEstimate
from bort.finetuning.realised import (
    Accuracy,
    DataFacts,
    Predicted,
    Realised,
    RealisedLatency,
    SearchFacts,
)
from bort.finetuning.reliability import CONFIDENCE, Threshold
from bort.finetuning.stages import Curve
from bort.report.baselines import NAMES, SHORT_NAMES, coverage_sentence, teacher_error
from bort.report.data import named, short_name
from bort.report.numbers import counted, megabytes, milliseconds, rounded_up, short_count
from bort.report.terminal import Terminal
from bort.tasks.corpora import CORPORA
from bort.training.metrics import WEAKEST

LIMITS = (
    "This model was evaluated only on texts of the task above and may be less accurate on other "
    "texts. The latency applies to the machine and workload above. Of a text longer "
    "than those it was trained on, it reads only the beginning."
)

UNKNOWN_TEACHER = "The size and latency of what wrote the file are unknown."
DEV_IS_SEEN = "Agora learned from dev texts, so the dev accuracy is not independent."


def accuracy_sentence(model: Realised) -> str:
    """Say how often the model is right on the audit split."""
    audit = model.audit
    return (
        f"On {audit.n:,} audit texts, which no choice was based on, it is right "
        f"{audit.accuracy:.1%} of the time (95% interval: {audit.low:.1%} to {audit.high:.1%}; "
        f"{seeds_phrase(model)})."
    )


def files_sentence(model: Realised) -> str:
    """Say how large the model is on disk; nothing if the bytes were not counted."""
    if model.files is None:
        return ""
    return (
        f"On disk, with the tokenizer: {megabytes(model.files.float32)} MB in float32, "
        f"{megabytes(model.files.int8)} MB in int8."
    )


def threshold_sentence(threshold: Threshold, *, rejected: int) -> str:
    """Say which answers were rejected, and how often the others are right."""
    count = "no answer" if not rejected else f"{rejected:,} answers" if rejected > 1 else "1 answer"
    return (
        f"Rejected {count} with a score below {threshold.score:.3f}. On dev, the model answers "
        f"{threshold.answered:.0%} of the texts with at least this score, and is right on "
        f"{threshold.accuracy:.1%} of those; with {CONFIDENCE:.0%} confidence on at least "
        f"{math.floor(1000 * threshold.least) / 10:g}% of texts like those."
    )


def seeds_phrase(model: Realised) -> str:
    """Say how many seeds an accuracy is based on."""
    count = len(model.seeds)
    return "one seed" if count == 1 else f"mean of {count} seeds"


def teacher_sentence(model: Realised) -> str:
    """Say how the model compares with its teacher in accuracy and speed."""
    if model.teacher is None or model.share_of_teacher is None:
        return "Its teacher, a file of soft labels, answers too few audit texts to compare with."
    is_partial = model.teacher.n is not None and model.teacher.n < model.audit.n
    where = f", on the {model.teacher.n:,} audit texts that it answers" if is_partial else ""
    return (
        f"It reaches {model.share_of_teacher:.1%} of the accuracy of its teacher "
        f"({short_name(model.teacher.name)}: {model.teacher.accuracy:.1%}{where}){_speed(model)}."
    )


def _speed(model: Realised) -> str:
    faster = model.times_faster_than_teacher
    if faster is None:
        return ""
    return f" and is {faster:.1f} times as fast"


def difference_sentence(model: Realised) -> str | None:
    """Write the paired difference from the teacher in points."""
    gain = model.difference_from_teacher
    if gain is None:
        return None
    low, high = 100 * gain.low, 100 * gain.high
    return (
        f"Compared with its teacher on the same texts: {100 * gain.difference:+.1f} points "
        f"(95% interval: {low:+.1f} to {high:+.1f}; {seeds_phrase(model)})."
    )


def latency_sentence(runtime: str, latency: RealisedLatency) -> str:
    """Say what a latency was measured on."""
    noise = "" if latency.noise_ok else " The machine was busy, so the numbers are uncertain."
    return (
        f"Latency on {runtime}: {latency.workload}, measured in turns with the other models.{noise}"
    )


def remarks(model: Realised) -> list[str]:
    """List what a reader of the model's table needs to know."""
    found = [latency_sentence(runtime, latency) for runtime, latency in model.latency.items()]
    if model.landmark is not None:
        found.append(
            f"{model.landmark.name} is a published model and was not trained here; compare only "
            "its size and latency."
        )
    if model.teacher is None:
        found.append(teacher_sentence(model))
    if (difference := difference_sentence(model)) is not None:
        found.append(difference)
    if model.dev_is_seen:
        found.append(DEV_IS_SEEN)
    return found


def search_sentence(search: SearchFacts | None, predicted: Predicted | None) -> str:
    """Say where the architecture comes from, and what the search said about it."""
    if search is None:
        return "It comes from no search that is stored here."
    epsilon = search.certified_epsilon
    certified = (
        "nothing certified"
        if epsilon is None
        else f"certified within a factor of {rounded_up(1 + epsilon, 4)} ({search.guarantee})"
    )
    text = (
        f"The architecture was picked from the study {search.study}: {search.evaluations} of "
        f"{search.space_size} architectures trained, goal {search.goal}, {certified}."
    )
    if predicted is None:
        return text
    return (
        f"{text} In that study it was trained only briefly: its dev error was "
        f"{predicted.error_rate:.4f} (± {predicted.error_se:.4f}), its predicted latency "
        f"{milliseconds(predicted.latency_ms)} ms."
    )


def training_sentence(facts: OracleFacts, *, cpu: str) -> str:
    """Say what the trainings started from and where they ran."""
    threads = f"{facts.threads} thread{'' if facts.threads == 1 else 's'}"
    return (
        f"The source network is {facts.source} (SHA-256 {facts.source_sha256[:12]}…), the teacher "
        f"{facts.teacher} ({_teacher_error(facts)}). Trained on {cpu}, {threads}, {facts.device}."
        + (f" {coverage_sentence(facts.coverage)} {UNKNOWN_TEACHER}" if facts.coverage else "")
    )


def _teacher_error(facts: OracleFacts) -> str:
    if facts.coverage is None:
        return f"dev error {facts.teacher_dev_error:.4f}"
    return f"a file, SHA-256 {str(facts.teacher_sha256)[:12]}…; {teacher_error(facts)}"


def data_sentence(data: DataFacts) -> str:
    """Say what the model learned from, and which texts it was evaluated on."""
    splits = ", ".join(f"{count:,} {name}" for name, count in data.splits.items())
    title = " ".join(data.title.split())
    return (
        f"The task {title} has {splits} texts, split with seed {data.seed}. Distillation also "
        f"used {data.unlabelled:,} unlabelled and synthetic texts. This folder contains no text of "
        "the task. The dev split decided when to stop; the audit split was read once, at the end."
    )


def onnx_sentences(
    *,
    texts: int,
    are_audit: bool,
    difference: float,
    int8_agreement: float,
    accuracies: tuple[float | None, float | None, float | None],
) -> list[str]:
    """Say how far the ONNX files differ from PyTorch.

    Args:
        texts: number of texts compared.
        are_audit: whether they are audit texts; otherwise, random tokens.
        difference: the largest difference of a float32 logit.
        int8_agreement: share of equal answers in int8.
        accuracies: the accuracies of PyTorch, float32 and int8; None without labels.
    """
    kind = "audit texts" if are_audit else "texts of random tokens"
    found = [
        f"Compared with PyTorch on {texts} {kind}: logits differ by at most {difference:.2g} in "
        f"float32; int8 (dynamic quantisation) gives the same answers for {int8_agreement:.1%}."
    ]
    torch, float32, int8 = accuracies
    if torch is not None:
        found.append(f"Accuracy: PyTorch {torch:.4f}, float32 {float32:.4f}, int8 {int8:.4f}.")
    return found


def numpy_sentences(float32: str, int8: str) -> str:
    """Say what the files of weights for numpy are."""
    return (
        f"`{float32}` has the weights in float32, `{int8}` in int8 with one float32 scale per row. "
        "A static network is one number per piece and class where that is smaller, and in int8 "
        "has one scale per class. "
        f'Load the second with `load("FOLDER", "{int8}")`.'
    )


def verdict(*, is_same: bool, times_as_fast: float) -> str:
    """Compare model and teacher on one text that the user tried."""
    answers = "Both give the same answer." if is_same else "They give different answers."
    if times_as_fast >= 1:
        return f"{answers} The model was {times_as_fast:.1f} times as fast here."
    return f"{answers} The model took {1 / times_as_fast:.1f} times as long here."


def realised_sentence(model: Realised) -> str:
    """Say how the trained model differs from what the search predicted of it."""
    before = model.predicted
    if before is None:
        return (
            "★ is this model. The search never trained its architecture, so it predicted no error."
        )
    error = 1 - model.dev.accuracy
    return (
        f"★ is this model; the arrow leads to it from the search's prediction: dev error "
        f"{before.error_rate:.1%} to {error:.1%}, latency {milliseconds(before.latency_ms)} to "
        f"{milliseconds(model.latency_ms)} ms."
    )


def example_texts(data: DataFacts) -> tuple[str, ...]:
    """Write a text of the task's kind, or two for pairs. Never quotes a text of the task.

    Examples:
        >>> columns = {"task": "a.csv", "text": ["question", "answer"]}
        >>> facts = {"title": "", "class_names": (), "splits": {}, "unlabelled": 0, "seed": 0}
        >>> example_texts(DataFacts(task="tweets", task_spec={}, **facts))
        ('Finally Friday, and the sun is out :)',)
        >>> example_texts(DataFacts(task="a.csv", task_spec=columns, **facts))
        ('Put the question here.', 'Put the answer here.')
    """
    if data.task in CORPORA:
        return (CORPORA[data.task].example,)
    return tuple(f"Put the {column} here." for column in data.text)


def training_label(curve: Curve) -> str:
    """Write what distinguishes a training from others of the same stage."""
    return f"seed {curve.seed}, learning rate {curve.learning_rate:g}"


def estimate_sentence(estimate: FineTuneEstimate) -> str:
    """Write what a fine-tuning will take, in one line."""
    from bort.report.numbers import duration

    minutes = estimate.minutes
    time = "time unknown" if minutes is None else f"about {duration(60 * minutes)}"
    return (
        f"{counted(estimate.trainings, 'training')}, {estimate.steps:,} steps, {time} "
        f"({basis(estimate)}); "
        f"{estimate.memory_bytes / 2**30:.1f} GiB of memory, "
        f"{estimate.disk_bytes / 2**20:,.0f} MiB of disk"
    )


def basis(estimate: FineTuneEstimate) -> str:
    """Say what the estimated time is based on."""
    if estimate.timed == 0:
        return "nothing comparable has been timed yet; the first steps will tell"
    return f"estimated from {counted(estimate.timed, 'training')} timed in this store"


def print_models(models: Sequence[Realised]) -> None:
    """Print one table per task with models, teacher and baselines, and what to do next."""
    console = Terminal()
    for task in dict.fromkeys(model.task for model in models):
        console.print(_table(task, [model for model in models if model.task == task]))
    for model in models:
        if beaten := beaten_sentence(model):
            console.print(Text(f"{model.model}: {beaten}"))
        said = [accuracy_sentence(model), teacher_sentence(model), weakest_sentence(model)]
        console.print(Text(f"{model.model}: {' '.join(filter(None, said))}"))
        console.print(Text(f"Export it: bort export {model.model} --format fastest --out FOLDER"))


def beaten_sentence(model: Realised) -> str:
    """Say so if a baseline is more accurate on audit than the model; else nothing."""
    method = model.beaten_by
    if method is None:
        return ""
    baseline = model.baselines[method]
    price = ", but needs the whole source network" if method is Method.PROBE else ""
    gain = baseline.model_gain
    interval = "" if gain is None else f" ({100 * gain.low:+.1f} to {100 * gain.high:+.1f} points)"
    return (
        f"Beaten: {NAMES[method]} is right on {baseline.accuracy:.1%} of the audit texts{price}; "
        f"this model on {model.audit.accuracy:.1%}{interval}. Train it longer (--epochs, "
        "--distil-epochs), pick a larger architecture, or name a better teacher."
    )


def weakest_sentence(model: Realised) -> str:
    """Name the classes on which the model is weakest; of two classes only one with an F1 of 0."""
    weakest = model.audit.weakest
    never = [name for name, f1 in weakest if f1 == 0]
    lost = f"It predicts no text of these classes rightly: {named(never)}." if never else ""
    if len(weakest) < 3:
        return lost
    lowest = ", ".join(f"{name} {f1:.2f}" for name, f1 in weakest[:WEAKEST])
    return (
        f"Macro F1 is {model.audit.macro_f1:.3f}. The weakest classes by F1: {lowest}. {lost}"
    ).rstrip()


def _table(task: str, models: Sequence[Realised]) -> Table:
    title = Text(f"Task {task}")
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("", overflow="fold")  # which wraps in a narrow terminal, and no number does
    for heading in ("audit", "95%", "of\nteacher", "F1", "ms", "params", "MB\nint8"):
        table.add_column(heading, justify="right", no_wrap=True)
    for model in models:
        table.add_row(
            Text(model.architecture_id),
            *_accuracy(model.audit, model.share_of_teacher),
            milliseconds(model.latency_ms),
            short_count(model.parameter_count),
            "" if model.files is None else megabytes(model.files.int8),
        )
        if model.plain_student:
            table.add_row(
                Text("  from random weights"),
                *_accuracy(model.plain_student, _share(model.plain_student, model.teacher)),
            )
    first = models[0]
    table.add_section()
    if first.teacher is not None:
        teacher_ms = first.teacher.latency_ms
        table.add_row(
            Text("teacher"),
            *_accuracy(first.teacher, None),
            "" if teacher_ms is None else milliseconds(teacher_ms),
        )
    for method, baseline in first.baselines.items():
        table.add_row(SHORT_NAMES[method], *_accuracy(baseline, _share(baseline, first.teacher)))
    return table


def _share(found: Accuracy, teacher: Accuracy | None) -> float | None:
    """Compute the share of the teacher's accuracy; None if it was not measured on all texts."""
    if teacher is None or teacher.n != found.n or not teacher.accuracy:
        return None
    return found.accuracy / teacher.accuracy


def _accuracy(found: Accuracy, share: float | None) -> tuple[str, str, str, str]:
    """Accuracy, interval, share of the teacher's accuracy, macro F1."""
    return (
        f"{found.accuracy:.4f}",
        f"{found.low:.3f}-{found.high:.3f}",
        "" if share is None else f"{share:.1%}",
        f"{found.macro_f1:.4f}",
    )
