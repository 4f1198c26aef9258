"""`bort predict`: classifies texts with an exported model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bort.cli import options
from bort.core.fields import fields_of
from bort.core.study import TaskSpec

MANY = 1_000  # texts; more of them show their progress


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--text",
    default="text",
    show_default=True,
    metavar="COLUMN[,COLUMN]",
    help="The text column of a data file, or two for pairs of texts.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the answers to a .csv, .jsonl or .parquet file.",
)
@options.accuracy
@options.force
@options.as_json
def predict(
    folder: Path,
    file: Path,
    text: str,
    out: Path | None,
    accuracy: float | None,
    force: bool,
    as_json: bool,
) -> None:
    """Classify the texts in FILE with the exported model in FOLDER.

    FOLDER comes from `bort export`, in any format but bundle. FILE has one text per line (.txt) or
    a text column (.csv, .tsv, .jsonl, .parquet), or two for a model of pairs. Empty texts and
    halves of pairs get no answer. Rows count from 0 below the header, blank ones too.

    With --accuracy, an answer with a low score is rejected: its label is empty. The least score is
    chosen on the dev split, such that at least this share of the other answers is right with 95%
    confidence, for texts like those.

    \b
    Examples:
      bort predict reviews-model reviews.txt
      bort predict reviews-onnx reviews.csv --text review --json
      bort predict entailment pairs.jsonl --text premise,hypothesis
      bort predict reviews-model reviews.txt --accuracy 0.95
    """
    import time

    from bort.export.predicting import Predictor, check_model, is_complete, read_texts
    from bort.latency.workload import parts_of
    from bort.report.job_terminal import progress
    from bort.report.models import threshold_sentence
    from bort.report.terminal import printable
    from bort.studies.interchange import check_rows, write_rows

    if out is not None:
        check_rows(out, force=force, read=[file])
    columns = fields_of(TaskSpec)["text"].parse(text)
    check_model(folder)
    read = read_texts(file, columns)  # before the model is opened, which takes seconds
    predictor = Predictor(folder)
    predictor.check_parts(len(columns))
    threshold = None if accuracy is None else predictor.threshold_for(accuracy)
    numbers = [number for number, one in enumerate(read) if is_complete(one)]
    texts = [read[number] for number in numbers]
    begun = time.perf_counter()
    if len(texts) > MANY:
        with progress(file.name) as on_step:
            answers = predictor(texts, on_step=on_step)
    else:
        answers = predictor(texts)
    seconds = time.perf_counter() - begun
    labels = [
        answer.label if threshold is None or answer.score >= threshold.score else None
        for answer in answers
    ]
    rows = [
        {"row": number, "label": label, "score": answer.score, "scores": answer.scores}
        for number, label, answer in zip(numbers, labels, answers, strict=True)
    ]
    if out is not None:
        write_rows(out, [_flat(row) for row in rows] if out.suffix == ".csv" else rows)
    if as_json:
        options.print_json(
            {
                "folder": str(folder),
                "runtime": predictor.runtime,
                "n": len(rows),
                "empty": len(read) - len(rows),
                "seconds": seconds,
                "threshold": None if threshold is None else threshold._asdict(),
                "rejected": labels.count(None),
                "predictions": rows,
            }
        )
        return
    if out is None:
        for one, label, answer in zip(texts, labels, answers, strict=True):
            shown = [printable(" ".join(part.split())) for part in (label or "", *parts_of(one))]
            click.echo("\t".join((shown[0], f"{answer.score:.3f}", *shown[1:])))  # in one line
    empty = f"; skipped {len(read) - len(rows):,} empty texts" if len(read) > len(rows) else ""
    click.echo(f"{len(rows):,} texts in {seconds:.1f} s{empty}", err=True)
    if threshold is not None:
        click.echo(threshold_sentence(threshold, rejected=labels.count(None)), err=True)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with one column per score."""
    shares = {f"score of {label}": share for label, share in row["scores"].items()}
    return {**{key: value for key, value in row.items() if key != "scores"}, **shares}
