"""`bort verify`: check a certificate without trusting the search that wrote it."""

from pathlib import Path
from typing import Any

import click

from bort.cli import options
from bort.core.errors import BortError, CheckFailedError
from bort.core.inputs import read_input


@click.command()
@click.argument("certificate", type=click.Path(dir_okay=False, path_type=Path))
@options.store_to_compare
@click.option(
    "--from-table",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare with the table that was searched: every row, and the file's digest.",
)
@options.as_json
@click.pass_context
def verify(
    context: click.Context,
    certificate: Path,
    store_url: str | None,
    from_table: Path | None,
    as_json: bool,
) -> None:
    """Derive every claim in CERTIFICATE again from the evaluations it lists.

    A certificate that verifies proves that its claim follows from its numbers, but not that these
    numbers were measured.

    With --store, also compares its space, question, latencies, evaluations and audits with the
    stored ones; with --from-table, the file's digest and every row. Exits with 0 if the certificate
    holds, 1 if it does not, and 2 if it cannot be read.

    \b
    Examples:
      bort verify certificate.json
      bort verify certificate.json --store sqlite:///bort.db --json
      bort verify certificate.json --from-table bench.csv
    """
    from bort.report.ledger import ledger_rows
    from bort.report.search import certificate_sentence
    from bort.search.check.certificate import read_certificate
    from bort.search.check.verify import verify as failures_of
    from bort.studies.answers.compare_table import compare_with_table

    content = read_certificate(_read(certificate))
    failures = failures_of(content)
    if store_url is not None:
        failures += _compare_with_store(content, store_url)
    if from_table is not None:
        failures += compare_with_table(content, from_table)
    if as_json:
        options.print_json(_summary(content, failures))
        context.exit(1 if failures else 0)
    for failure in failures:
        click.echo(failure)
    if failures:
        count = f"{len(failures)} check{'s' if len(failures) > 1 else ''}"
        raise CheckFailedError(f"the certificate does not hold: {count} failed")
    click.echo(certificate_sentence(content))
    for row in ledger_rows(content["claim"]["ledger"]):
        click.echo(f"  {row['status']}: {row['assumption']}. {row['evidence']}")


def _read(path: Path) -> str:
    from bort.search.check.certificate import InvalidCertificateError

    try:
        return read_input(path).decode()
    except OSError as error:
        raise InvalidCertificateError(
            f"cannot read {path}: {error.strerror or error}; check the path"
        ) from None
    except UnicodeDecodeError:
        raise InvalidCertificateError(
            f"{path} is not a text file; name a certificate.json"
        ) from None


def _compare_with_store(content: dict[str, Any], store_url: str) -> list[str]:
    from bort.search.check.verify import UNREADABLE
    from bort.storage import open_store
    from bort.studies.answers.compare import compare_with_store

    with open_store(store_url, read_only=True) as store:
        try:
            return compare_with_store(content, store)
        except BortError:
            raise
        except UNREADABLE:
            return ["the certificate cannot be compared with the store"]


def _summary(content: dict[str, Any], failures: list[str]) -> dict[str, Any]:
    from bort.report.ledger import spot_check_statements
    from bort.report.search import certificate_statements
    from bort.search.facts import fact_from_dict

    return {
        "holds": not failures,
        "failures": failures,
        "study": _stated(content, "study"),
        "space_size": _stated(content, "space", "count"),
        "goal": _stated(content, "question", "goal"),
        "epsilon": _stated(content, "question", "epsilon"),
        "certified_epsilon": _stated(content, "claim", "certified_epsilon"),
        "guarantee": _stated(content, "claim", "guarantee"),
        "evaluations": _stated(content, "claim", "evaluations"),
        "spot_checks": []
        if failures
        else spot_check_statements(map(fact_from_dict, content["claim"]["ledger"])),
        "audits": [] if failures else certificate_statements(content),
    }


def _stated(content: Any, *keys: str) -> Any:
    """Return the value under these keys; None if a changed certificate lacks it."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content
