"""The page of `bort bench realised`: a table, what it says, and a picture."""

from pathlib import Path

from benchmarks.panels_svg import Dot, Panel, panels_svg
from benchmarks.realised.findings import Correlation, Findings, Worth
from bort.core.files import write_atomically
from bort.report.numbers import duration

_HEADINGS = (
    "steps",
    "epochs",
    "architectures",
    "seeds",
    "seconds",
    "dev error",
    "last loss",
    "mean loss",
    "regret",
    "shift",
    "miss, median",
    "miss, 90%",
)


def markdown(found: Findings) -> str:
    """Write a table and sentences that are also readable in a terminal."""
    lines = [_HEADINGS, ("---",) * len(_HEADINGS), *map(_cells, found.worth)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{_sentences(found)}"


def write(log: Path, found: Findings) -> Path:
    """Write the page and its picture next to the log, and return the page's path."""
    name = log.stem.removeprefix("realised-")
    picture, page = log.with_suffix(".svg"), log.with_suffix(".md")
    text = (
        f"# What a short training is worth: {name}\n\n"
        "A search compares architectures after a short training. Is their order that of the "
        "finished models? Here each architecture was trained as a search trains it, for several "
        "numbers of steps, and as `bort finetune` trains it. `bort bench realised` writes this "
        f"page from [{log.name}]({log.name}).\n\n"
        "**How to read the table.** *Dev error*, *last loss* (the mean of the last tenth of the "
        "steps) and *mean loss* are signals of the short training. Their columns show Spearman's "
        "rank correlation with the audit error of the finished model, both averaged over the "
        "seeds: 1 is the same order, 0 no relation. Its 95% bootstrap interval, over "
        "architectures and seeds, is in parentheses. *Regret* is how much worse the finished "
        "model of the architecture with the lowest short error is than the best finished one. "
        "*Shift* is the mean of finished audit error minus short dev error. *Miss* is how far the "
        "finished error is from the short error plus the shift. Regret, shift and miss are in "
        "points.\n\n"
        f"{markdown(found)}\n\n"
        f"![Short dev error against finished audit error]({picture.name})\n\n"
        "*Each dot is an architecture, the mean over its seeds. The orange one has the lowest "
        "short error. On the dashed line a finished error is the short one plus the shift.*\n"
    )
    write_atomically(picture, _picture(name, found).encode())
    write_atomically(page, text.encode())
    return page


def _cells(row: Worth) -> tuple[str, ...]:
    signals = (_words(one) for one in row.correlations.values())
    return (
        f"{row.steps:,}",
        f"{row.epochs:.2g}",
        f"{len(row.points)}",
        f"{row.seeds}",
        f"{row.seconds:.0f}",
        *signals,
        f"{100 * row.regret:.1f}",
        f"{100 * row.shift:+.1f}",
        f"{100 * row.median_miss:.1f}",
        f"{100 * row.large_miss:.1f}",
    )


def _words(found: Correlation | None) -> str:
    if found is None or found.value is None:
        return "not known"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def _sentences(found: Findings) -> str:
    said = [
        f"Finished: {found.architectures} architectures, {found.seeds} "
        f"{'seed' if found.seeds == 1 else 'seeds'} each, {duration(found.finished_seconds)} per "
        f"model; {found.dev_texts:,} dev and {found.audit_texts:,} audit texts.",
        f"Correlation of the number of parameters, which costs no training: {_words(found.size)}.",
    ]
    if found.first_epoch is not None:
        said.append(
            f"Correlation of the dev error after the first epoch: {_words(found.first_epoch)}."
        )
    if found.agreement is not None:
        said.append(f"Correlation between two seeds of the finished models: {found.agreement:.2f}.")
    if diverged := max(row.diverged for row in found.worth):
        said.append(f"Left out because a training diverged: at most {diverged} of a line.")
    return "\n".join(f"* {sentence}" for sentence in said)


def _picture(name: str, found: Findings) -> str:
    panels = [
        Panel(
            f"{row.steps:,} steps, {row.epochs:.2g} epochs",
            [
                Dot(
                    point.architecture,
                    100 * point.short_error,
                    100 * point.finished_error,
                    is_marked=point.architecture == row.pick,
                )
                for point in row.points
            ],
            100 * row.shift,
        )
        for row in found.worth
    ]
    title = f"{name}: short and finished training of {found.architectures} architectures"
    return panels_svg(title, panels, across="short, dev error", up="finished, audit error")
