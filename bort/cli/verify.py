"""`bort verify`: check a certificate again, without trusting the search that wrote it."""

from pathlib import Path
from typing import Any

import click

from bort.cli import options
from bort.errors import CheckFailedError


@click.command()
@click.argument("certificate", type=click.Path(dir_okay=False, path_type=Path))
@options.store_url
@options.as_json
@click.pass_context
def verify(context: click.Context, certificate: Path, store_url: str | None, as_json: bool) -> None:
    """Recompute everything that CERTIFICATE claims from the evaluations it lists.

    With --store the listed evaluations are compared with the stored ones too. Ends with 0 where
    the certificate holds, 1 where it does not, 2 where it cannot be read.

    \b
    Examples:
      bort verify certificate.json
      bort verify certificate.json --store sqlite:///bort.db --json
    """
    from bort.search.certificate import read_certificate
    from bort.search.verification import verify as failures_of

    content = read_certificate(_read(certificate))
    failures = failures_of(content)
    if store_url is not None:
        failures += _compare_with_store(content, store_url)
    if as_json:
        options.print_json(_summary(content, failures))
        context.exit(1 if failures else 0)
    for failure in failures:
        click.echo(failure)
    if failures:
        raise CheckFailedError(f"the certificate does not hold: {len(failures)} checks failed")
    click.echo(_sentence(content))


def _read(path: Path) -> str:
    from bort.search.certificate import InvalidCertificateError

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidCertificateError(f"cannot read {path}: {error}; check the path") from None


def _compare_with_store(content: dict[str, Any], store_url: str) -> list[str]:
    from bort.search import observation_of
    from bort.storage import open_store

    if content["study"] is None:
        return ["the certificate names no study to compare with the store"]
    with open_store(store_url, read_only=True) as store:
        seeds = store.study(content["study"]).spec.training.seeds
        stored = store.evaluations(content["study"])
    confidence = content["assumptions"]["confidence"]
    found = {
        label: observation_of(trained, confidence=confidence, comparisons=content["space"]["count"])
        for label, trained in stored.items()
        if len(trained) >= seeds
    }
    failures = []
    for row in content["evaluations"]:
        observation = found.pop(row["label"], None)
        if observation is None:
            failures.append(f"{row['label']} is listed as evaluated, the store has no such result")
        elif any(row[key] != getattr(observation, key) for key in ("error", "lower", "upper")):
            failures.append(
                f"{row['label']} has error {row['error']:.6g}, the store says "
                f"{observation.error:.6g}"
            )
    if found:
        failures.append(
            f"{len(found)} stored evaluations are not in the certificate, among them "
            f"{next(iter(found))}: left out, or made after it was written"
        )
    return failures


def _summary(content: dict[str, Any], failures: list[str]) -> dict[str, Any]:
    claim = content["claim"]
    keys = ("goal", "epsilon", "certified_epsilon", "guarantee", "evaluations")
    return {
        "holds": not failures,
        "failures": failures,
        "study": content["study"],
        "space_size": content["space"]["count"],
        **{key: claim[key] for key in keys},
    }


def _sentence(content: dict[str, Any]) -> str:
    claim, count = content["claim"], content["space"]["count"]
    epsilon = claim["certified_epsilon"]
    if epsilon is None:
        return "the certificate holds: it claims no guarantee"
    what = (
        f"W(best) is at least {1 - epsilon:.4g} of the largest among {count} architectures"
        if claim["goal"] == "best"
        else f"all of {count} architectures are covered within a factor of {1 + epsilon:.4g}"
    )
    condition = "" if claim["guarantee"] == "proved" else ", if the ledger's assumptions hold"
    return f"the certificate holds: {what}, after {claim['evaluations']} evaluations{condition}"
