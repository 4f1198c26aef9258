"""`bort upload`: an exported folder to a hub."""

from pathlib import Path

import click

from bort.cli import options


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--public", is_flag=True, help="Let everybody read a new repository.")
@click.option("--plan", is_flag=True, help="Say what would be uploaded, and upload nothing.")
@options.as_json
def upload(folder: Path, repository: str, public: bool, plan: bool, as_json: bool) -> None:
    """Put FOLDER, as `bort export` wrote it, on the Hugging Face hub as OWNER/NAME.

    A new repository is private unless --public is given. The model card goes with it: read it
    first, it names the task (a file by its path) and the machine's processor. Log in with
    `hf auth login`, or set HF_TOKEN; another hub is named by HF_ENDPOINT.

    \b
    Examples:
      bort export --format hf --out reviews-model
      bort upload reviews-model me/reviews-model --plan
      bort upload reviews-model me/reviews-model
    """
    from bort.export.upload import files_to_upload
    from bort.export.upload import upload as put

    names, left_out = files_to_upload(folder)
    if plan:
        answer = {"repository": repository, "files": names, "left_out": left_out}
    else:
        answer = {**put(folder, repository, names, public=public), "left_out": left_out}
    if as_json:
        options.print_json(answer)
        return
    for name in names:
        click.echo(f"  {name}  {(folder / name).stat().st_size:,} bytes")
    if left_out:
        click.echo(f"  left out: {', '.join(left_out)}")
    done = "would go to" if plan else "are now at"
    click.echo(f"{len(names)} files {done} {answer.get('url', repository)}")
