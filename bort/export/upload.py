"""Put an exported folder on a hub: only when somebody asks for it, in so many words."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bort.errors import DownloadError, ExportError, InvalidOptionError, MissingExtraError
from bort.export.target import listed

CONFIG, CARD = "config.json", "README.md"
ENDINGS = (".json", ".safetensors", ".onnx", ".txt", ".md")
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
MESSAGE = "Upload a model trained with bort"


def files_to_upload(folder: Path) -> tuple[list[str], list[str]]:
    """What of a folder goes to the hub, and what is left out, both as names in order.

    Only the kinds of files that `bort export` writes go, and only those in the folder itself; a
    link never does.

    Raises:
        ExportError: no folder, or none that holds a model and its card.
    """
    if not folder.is_dir():
        raise ExportError(f"there is no folder {folder}; name one that bort export wrote")
    names = sorted(file.name for file in folder.iterdir())
    chosen = [name for name in names if _is_ours(folder / name)]
    missing = [name for name in (CONFIG, CARD) if name not in chosen]
    if not any(name.endswith((".safetensors", ".onnx")) for name in chosen):
        missing.append("weights")
    if missing:
        raise ExportError(
            f"{folder} is no exported model: it has no {missing[0]}; write one with: "
            "bort export MODEL --format hf --out FOLDER"
        )
    return chosen, [name for name in names if name not in chosen]


def upload(
    folder: Path, repository: str, names: Sequence[str], *, public: bool = False
) -> dict[str, Any]:
    """Create the repository if there is none, and commit the files to it, all or none.

    Where the hub is and who asks, the hub's own client knows: HF_ENDPOINT, HF_TOKEN, or what
    `hf auth login` kept.

    Args:
        repository: OWNER/NAME.
        names: of files in the folder, see `files_to_upload`.
        public: for everybody, where the repository is new; one that exists stays what it is.
    Returns:
        What `bort upload --json` prints.
    Raises:
        InvalidOptionError: no such name can be.
        MissingExtraError: the hub's client is not installed.
        DownloadError: nobody is logged in, the hub refused, or cannot be reached. Nothing is
            committed then; an empty repository may be left.
    """
    if not REPOSITORY.fullmatch(repository):
        raise InvalidOptionError(f"{repository!r} names no repository; write OWNER/NAME")
    try:
        from huggingface_hub import HfApi, get_token
    except ImportError:
        raise MissingExtraError(
            "uploading needs the package huggingface_hub; run: pip install 'bort[train]'"
        ) from None
    if get_token() is None:
        raise DownloadError("nobody is logged in to the hub; run: hf auth login, or set HF_TOKEN")
    api = HfApi()
    try:
        api.create_repo(repository, private=not public, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=list(names),
            commit_message=MESSAGE,
        )
    except Exception as error:  # the hub client raises a dozen unrelated classes
        raise DownloadError(
            f"{api.endpoint} did not take {repository} ({_reason(error)}); check that the token "
            "may write there, and the network"
        ) from error
    return {
        "repository": repository,
        "url": str(commit.repo_url),
        "commit": commit.oid,
        "files": [file for file in listed(folder) if file["name"] in names],
    }


def _is_ours(file: Path) -> bool:
    return file.suffix in ENDINGS and file.is_file() and not file.is_symlink()


def _reason(error: Exception) -> str:
    said = " ".join(str(error).split()).partition(" For more information")[0]
    return said[:200] or type(error).__name__
