"""`bort doctor`: look at the installation, the store and the files; change nothing."""

import click

from bort.cli import options


@click.command()
@options.store_url
@options.as_json
@click.pass_context
def doctor(context: click.Context, store_url: str | None, as_json: bool) -> None:
    """Look at versions, disk, locks, store and what is stale. Changes nothing in the store.

    Exits with 1 if there is a problem: a store that cannot be read, less than 1 GiB of free disk,
    a damaged source network, or shared files that cannot be reached. To back up everything, stop
    all jobs and copy $BORT_HOME; to go back, copy it back.

    \b
    Examples:
      bort doctor
      bort doctor --json
    """
    from bort.core.serialise import to_json
    from bort.jobs.health import Level, examine
    from bort.report.doctor import MARKS, finding_sentence

    found = []
    for finding in examine(store_url):
        found.append(finding)
        if not as_json:
            said = finding_sentence(finding.check, finding.facts)
            click.echo(f"{MARKS[finding.level]} {finding.check}: {said}")
    is_ill = any(finding.level is Level.PROBLEM for finding in found)
    if as_json:
        rows = [
            {**to_json(one), "sentence": finding_sentence(one.check, one.facts)} for one in found
        ]
        options.print_json({"ok": not is_ill, "findings": rows})
    context.exit(1 if is_ill else 0)
