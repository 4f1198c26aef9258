"""`bort upload`: uploads an exported model to a hub."""

from pathlib import Path
from typing import Any

import click

from bort.cli import options


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--public", is_flag=True, help="Make a new repository public.")
@click.option(
    "--plan", "only_list", is_flag=True, help="List what would be uploaded, without uploading."
)
@options.as_json
def upload(folder: Path, repository: str, public: bool, only_list: bool, as_json: bool) -> None:
    """Upload FOLDER, made by `bort export`, to the Hugging Face hub as OWNER/NAME.

    A new repository is private unless you add --public. Read the model card before you upload: it
    names the task (a file by its path) and the machine's processor. Log in with `hf auth login` or
    set HF_TOKEN. Set HF_ENDPOINT to use another hub.

    \b
    Examples:
      bort export --format hf --out reviews-model
      bort upload reviews-model me/reviews-model --plan
      bort upload reviews-model me/reviews-model
    """
    from bort.core.serialise import to_json
    from bort.export.folder import listed
    from bort.export.upload import check_repository, files_to_upload
    from bort.export.upload import upload as put

    hub = check_repository(repository)
    names, left_out = files_to_upload(folder)
    answer: dict[str, Any] = {
        "repository": repository,
        "hub": hub,
        "if_new": "public" if public else "private",
    }
    if only_list:
        answer["files"] = [to_json(file) for file in listed(folder) if file.name in names]
    else:
        answer |= put(folder, repository, names, public=public)
    answer["left_out"] = left_out
    if as_json:
        options.print_json(answer)
        return
    for file in answer["files"]:
        click.echo(f"  {file['name']}  {file['bytes']:,} bytes")
    if left_out:
        click.echo(f"  left out: {', '.join(left_out)}")
    if only_list:
        where = f"would go to {hub}/{repository}, {answer['if_new']} if it is new"
    else:
        where = f"are now at {answer['url']}"
    click.echo(f"{len(names)} files {where}")
