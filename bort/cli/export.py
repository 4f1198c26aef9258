"""`bort export`: writes a trained model as files to deploy or to share."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError, UnknownModelError

if TYPE_CHECKING:
    from bort.export.folder import Export
    from bort.storage import ModelRecord, Store

FORMATS = ("hf", "fastest", "onnx", "numpy", "bundle")


@click.command()
@click.argument("model", required=False)
@click.option(
    "--format",
    "kind",
    default="hf",
    show_default=True,
    metavar="|".join(FORMATS),
    help="The format; see above.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A new folder or file [default: MODEL-FORMAT in this folder].",
)
@click.option(
    "--latency/--no-latency",
    "measure",
    default=True,
    help="Measure the latency of the files. With --format fastest, --no-latency uses what was "
    "measured before.",
)
@options.store_url
@options.as_json
def export(
    model: str | None,
    kind: str,
    out: Path | None,
    measure: bool,
    store_url: str | None,
    as_json: bool,
) -> None:
    """Export a trained MODEL [default: the latest] to a new folder or file.

    \b
      hf      a folder for transformers: AutoModelForSequenceClassification, pipeline
      fastest the one file that is fastest from text to label on this machine, as measured
      onnx    model.onnx and model.int8.onnx, compared with PyTorch and timed
      numpy   static and convolutional networks in float32 and int8, without PyTorch
      bundle  one file for `bort import`: model, study, evidence and curves, with hashes

    \b
    Examples:
      bort export
      bort export --format hf --out reviews-model
      bort export --format fastest --out reviews-fast
      bort export reviews-static-8000-64 --format onnx --out reviews-onnx --json
      bort export reviews-static-8000-64 --format bundle --out reviews.zip
    """
    from bort.core.serialise import to_json
    from bort.export.fastest import FastestExport
    from bort.report.deployed import print_deployed
    from bort.report.numbers import milliseconds
    from bort.storage import open_store

    if kind not in FORMATS:
        raise InvalidOptionError(f"unknown format {kind!r}; choose one of {', '.join(FORMATS)}")
    with open_store(store_url) as store:
        record = _model(store, model)
        ending = ".zip" if kind == "bundle" else ""
        written = _export(
            store, record, kind, out or Path(f"{record.name}-{kind}{ending}"), measure
        )
    if as_json:
        options.print_json(to_json(written))
        return
    click.echo(f"{record.name} written to {written.path}:")
    for file in written.files:
        click.echo(f"  {file.name}  {file.bytes:,} bytes")
    for runtime, row in written.latency.items():
        click.echo(f"  {runtime}: {milliseconds(row.median_ms)} ms")
    if isinstance(written, FastestExport):
        print_deployed(written.deployed)


def _model(store: "Store", name: str | None) -> "ModelRecord":
    if name is not None:
        return store.model(name)
    models = store.models()
    if not models:
        raise UnknownModelError("there is no model yet; train one with: bort finetune --best")
    return models[0]


def _export(store: "Store", record: "ModelRecord", kind: str, out: Path, measure: bool) -> "Export":
    if kind == "bundle":
        from bort.export.bundle import export_bundle

        return export_bundle(store, record, out)
    if kind == "fastest":
        from bort.export.fastest import export_fastest
        from bort.report.job_terminal import echo

        return export_fastest(store, record, out, measure=measure, on_step=echo)
    if kind == "onnx":
        from bort.export.onnx import export_onnx
        from bort.report.job_terminal import echo

        return export_onnx(record, out, measure=measure, on_step=echo)
    if kind == "numpy":
        from bort.export.numpy_folder import export_numpy

        return export_numpy(record, out)
    from bort.export.folder import export_huggingface

    return export_huggingface(record, out)
