"""`bort mistakes`: shows what a trained model gets wrong."""

from collections.abc import Sequence
from pathlib import Path

import click

from bort.cli import options
from bort.core.errors import InvalidDataError, InvalidOptionError


@click.command(cls=options.Command)
@click.argument("name", metavar="MODEL")
@click.option("--class", "true", metavar="CLASS", help="Only texts of this class.")
@click.option("--answer", metavar="CLASS", help="Only texts that are answered with this class.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=12,
    show_default=True,
    metavar="N",
    help="How many texts to print.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write all of them to a .csv, .jsonl or .parquet file.",
)
@options.force
@options.store_url
@options.as_json
def mistakes(
    name: str,
    true: str | None,
    answer: str | None,
    limit: int,
    out: Path | None,
    force: bool,
    store_url: str | None,
    as_json: bool,
) -> None:
    """Show what a trained model gets wrong: classes, scores, texts.

    Which classes it confuses, and whether its scores mean what they say, is counted on audit. The
    texts are those of dev, read from the task on this machine, the most confident mistakes first.
    With --out, `rows` are the rows of your file with this text, counted from 1 below the header.

    \b
    Examples:
      bort mistakes reviews-static-8000-64
      bort mistakes reviews-static-8000-64 --class negative --answer positive
      bort mistakes reviews-static-8000-64 --out mistakes.csv
    """
    from bort.finetuning.mistaken_texts import matching, mistaken_texts, rows_of_texts
    from bort.finetuning.realised import TrainedModel
    from bort.report.mistakes import NOT_KEPT, print_mistakes
    from bort.storage import open_to_read
    from bort.studies.interchange import check_rows, write_rows
    from bort.tasks.given import PAIR, TEXT

    if out is not None:
        check_rows(out, force=force)
    with open_to_read(store_url) as store:
        model = TrainedModel.of(store.model(name))
    realised, evidence = model.realised, model.evidence
    confusion, calibration, kept = realised.confusion, realised.calibration, evidence.mistakes
    if confusion is None or calibration is None or kept is None:
        raise InvalidDataError(NOT_KEPT)
    names = evidence.data.class_names
    wanted = _number(names, true), _number(names, answer)
    texts = matching(mistaken_texts(evidence), *wanted)
    places = rows_of_texts(evidence) if out is not None or as_json else {}
    rows = [
        {
            "rows": " ".join(map(str, places.get(text, ()))),
            "class": names[one.true],
            "answer": names[one.answer],
            "score": one.score,
            **dict(zip((TEXT, PAIR), text, strict=False)),
        }
        for one, text in texts
    ]
    if out is not None:
        write_rows(out, rows)
    if not as_json:
        print_mistakes(confusion, calibration, kept, evidence.data, texts, limit=limit)
        return
    low, high = calibration.interval
    options.print_json(
        {
            "model": name,
            "classes": names,
            "confusion": confusion.pairs,
            "calibration_error": {"error": calibration.error, "low": low, "high": high},
            "bins": [
                {"n": one.n, "right": one.right, "score": one.score} for one in calibration.bins
            ],
            "count": kept.count,
            "mistakes": rows,
        }
    )


def _number(names: Sequence[str], name: str | None) -> int | None:
    """Return the number of a class; None stays None.

    Raises:
        InvalidOptionError: there is no such class.
    """
    if name is None:
        return None
    if name not in names:
        some = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        raise InvalidOptionError(f"there is no class {name[:60]!r}; the classes are {some}")
    return names.index(name)
