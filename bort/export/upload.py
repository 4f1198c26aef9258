"""Upload an exported folder to a hub, only on an explicit command."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bort.core.errors import DownloadError, ExportError, InvalidOptionError, MissingExtraError
from bort.core.serialise import to_json
from bort.export.folder import listed
from bort.training.source import read_config

CONFIG, CARD = "config.json", "README.md"
ENDINGS = (".json", ".safetensors", ".onnx", ".txt", ".md")
MESSAGE = "Upload a model trained with bort"


def files_to_upload(folder: Path) -> tuple[list[str], list[str]]:
    """List the names of a folder's files to upload, and of those left out.

    Only the kinds of files that `bort export` writes are uploaded, only from the folder itself, and
    never a link.

    Raises:
        ExportError: there is no such folder, it has no model with a card, or the weights are
            damaged.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise ExportError(f"{folder} {what}; name a folder made by bort export")
    names = sorted(file.name for file in folder.iterdir())
    chosen = [name for name in names if _is_ours(folder / name)]
    missing = [name for name in (CONFIG, CARD) if name not in chosen]
    if not any(name.endswith((".safetensors", ".onnx")) for name in chosen):
        missing.append("weights")
    if missing:
        has_links = any((folder / name).is_symlink() for name in names)
        raise ExportError(
            f"{folder} is not an exported model: it has no {missing[0]}"
            f"{' (links are not followed)' if has_links else ''}; export a model with: "
            "bort export MODEL --format hf --out FOLDER"
        )
    read_config(folder, str(folder))
    for name in chosen:
        if name.endswith(".safetensors"):
            _check_whole(folder / name)
    return chosen, [name for name in names if name not in chosen]


def check_repository(name: str) -> str:
    """Check that a repository can have this name; returns the hub's address.

    Raises:
        InvalidOptionError: the name is not allowed.
        MissingExtraError: the hub's client is not installed.
    """
    try:
        from huggingface_hub import constants
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]
    except ImportError:
        raise MissingExtraError(
            "uploading needs the package huggingface_hub; run: pip install 'bort[train]'"
        ) from None
    try:
        if name.count("/") != 1 or not name.isascii() or not name.isprintable():
            raise HFValidationError
        validate_repo_id(name)
    except HFValidationError:
        raise InvalidOptionError(
            f"{name!r} is not a repository; write OWNER/NAME with letters, digits, '-', '_', '.'"
        ) from None
    endpoint: str = constants.ENDPOINT
    return endpoint


def upload(
    folder: Path, repository: str, names: Sequence[str], *, public: bool = False
) -> dict[str, Any]:
    """Create the repository if necessary, and commit all files to it in one commit.

    The hub's own client finds the hub and the login: HF_ENDPOINT, HF_TOKEN, or `hf auth login`.

    Args:
        repository: OWNER/NAME.
        names: names of files in the folder, see `files_to_upload`.
        public: makes a new repository public; an existing one keeps its visibility.
    Returns:
        The fields of `bort upload --json`.
    Raises:
        InvalidOptionError, MissingExtraError: see `check_repository`.
        DownloadError: you are not logged in, or the hub refused or cannot be reached. Nothing is
            committed, but an empty repository may be left behind.
    """
    check_repository(repository)
    from huggingface_hub import HfApi, get_token

    if get_token() is None:
        raise DownloadError("you are not logged in to the hub; run: hf auth login, or set HF_TOKEN")
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
            f"{api.endpoint} did not accept {repository} ({_reason(error)}); check the network, "
            "and that the token has write access"
        ) from error
    return {
        "repository": repository,
        "url": str(commit.repo_url),
        "commit": commit.oid,
        "files": [to_json(file) for file in listed(folder) if file.name in names],
    }


def _is_ours(file: Path) -> bool:
    return file.suffix in ENDINGS and file.is_file() and not file.is_symlink()


def _check_whole(weights: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise ExportError(
            f"{weights} is damaged or truncated ({error}); export the model again"
        ) from None


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError | TypeError | UnicodeError) or "JSON" in type(error).__name__:
        return f"its reply or the token cannot be read: {type(error).__name__}"
    said = " ".join(str(error).split()).partition(" For more information")[0]
    return said[:200] or type(error).__name__
