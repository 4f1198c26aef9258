"""Files that machines share: a folder or an object store, named by one URL, `BORT_FILES`.

The home folder stays the working copy: what is finished is pushed, and a machine that lacks it
fetches it. The folder `models/mine` of the home becomes a list of its files, `models/mine.json`,
and an object for each file, `models/mine/SHA-256`. The list is written last. So a reader finds all
of the old files or all of the new ones, whenever the writer is killed, and checks each SHA-256.
"""

import contextlib
import functools
import hashlib
import json
import os
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from bort.core import paths
from bort.core.errors import InvalidOptionError, StoreError, first_line
from bort.core.files import make_folder, whole_file
from bort.core.scratch import scratch

OBJECT_STORES = ("s3", "gcs", "abfs")  # for pyarrow; an object appears there when it is whole
CHUNK = 2**23  # bytes of a file in memory
TRIES = 3  # at a folder that another machine is just pushing


class Files(NamedTuple):
    """The opened URL.

    Attributes:
        system: of pyarrow.
        root: the URL's path there.
        name: the URL, for messages.
    """

    system: Any
    root: str
    name: str

    def failed(self, error: Exception) -> StoreError:
        """Make the line for an error of a request."""
        return StoreError(
            f"the files in {self.name} cannot be used ({first_line(error)[:300]}); check "
            "BORT_FILES, and for S3 the usual variables, such as AWS_ACCESS_KEY_ID"
        )


def is_set() -> bool:
    """Tell whether machines share files."""
    return bool(os.environ.get("BORT_FILES"))


def check() -> None:
    """Check the form of `BORT_FILES`; asks no server.

    Raises:
        InvalidOptionError: it is neither a folder nor a URL that pyarrow or fsspec knows.
    """
    _files()


def reach() -> str:
    """Write a small object and delete it, and return the URL for a message.

    Raises:
        InvalidOptionError: `BORT_FILES` cannot be opened.
        StoreError: nothing can be written there.
    """
    files = _files()
    assert files is not None, "machines share files"
    try:
        name = f"{files.root}/hello-{secrets.token_hex(4)}"
        _write(files, name, [b"hello"])
        files.system.delete_file(name)
    except (OSError, ValueError) as error:
        raise files.failed(error) from error
    return files.name


def push(path: Path) -> None:
    """Copy a file or folder of the home; only what has changed is sent.

    Hidden files are left out. Does nothing if `BORT_FILES` is not set.

    Raises:
        StoreError: it cannot be written.
    Cost: a request for the list, and three for each new file; hashes files that changed.
    """
    if (files := _files()) is None:
        return
    place = _place(files, path)
    try:
        known = _list(files, place) or {}
        found = dict(_send(files, place, path, set(known.values())))
        if found != known:
            _write(files, f"{place}.json", [json.dumps(found).encode()])
            for sha256 in {*known.values()} - {*found.values()}:
                with contextlib.suppress(FileNotFoundError):
                    files.system.delete_file(f"{place}/{sha256}")
    except (OSError, ValueError) as error:
        raise files.failed(error) from error


def fetch(path: Path, *, only: Collection[str] | None = None, to: Path | None = None) -> bool:
    """Copy a pushed file or folder of the home to this machine; what is equal is left alone.

    Args:
        only: the names of the files that are wanted; None is all.
        to: where to; None is `path`.
    Returns:
        Whether it was pushed; False if `BORT_FILES` is not set.
    Raises:
        StoreError: it cannot be read or is damaged, or this machine's disk cannot be written.
    """
    if (files := _files()) is None:
        return False
    place, target = _place(files, path), to or path
    for attempt in range(TRIES):
        try:
            known = _list(files, place)
            if known is None:
                return False
            wanted = (
                known if only is None else {name: known[name] for name in only if name in known}
            )
            if target.exists() or only is not None or "" in known:
                _receive_all(files, place, wanted, target)
            else:  # a new folder appears with all of its files
                make_folder(target.parent)
                with scratch(target.parent, target.name) as part:
                    _receive_all(files, place, wanted, part)
                    os.rename(part, target)
            return True
        except StoreError:
            raise
        except FileNotFoundError as error:  # pushed again meanwhile: read the new list
            if attempt == TRIES - 1:
                raise files.failed(error) from error
        except (OSError, ValueError) as error:
            raise files.failed(error) from error
    raise AssertionError("the last try returns or raises")


def remove(path: Path) -> None:
    """Delete what was pushed of a file or folder.

    Raises:
        StoreError: it cannot be deleted.
    """
    if (files := _files()) is None:
        return
    place = _place(files, path)
    try:
        known = _list(files, place)
        if known is not None:
            files.system.delete_file(f"{place}.json")
            for sha256 in set(known.values()):
                with contextlib.suppress(FileNotFoundError):
                    files.system.delete_file(f"{place}/{sha256}")
    except (OSError, ValueError) as error:
        raise files.failed(error) from error


def _files() -> Files | None:
    url = os.environ.get("BORT_FILES")
    return _opened(url) if url else None


@functools.cache
def _opened(url: str) -> Files:
    scheme, has_scheme, rest = url.partition("://")
    name = url.partition("?")[0]
    if has_scheme and "@" in rest.partition("/")[0]:
        raise InvalidOptionError(
            f"BORT_FILES holds a key or a password ({scheme}://***); leave it out and set the "
            "usual variables, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem

    given = url if has_scheme else str(paths.expanded(url).absolute())
    try:
        system, root = FileSystem.from_uri(given)
    except (ArrowException, OSError, ImportError, ValueError) as error:
        raise InvalidOptionError(
            f"BORT_FILES={name} cannot be opened ({first_line(error)[:200]}); name a folder, or a "
            "URL such as s3://BUCKET/FOLDER"
        ) from error
    return Files(system, root.rstrip("/"), name)


def _place(files: Files, path: Path) -> str:
    return f"{files.root}/{path.relative_to(paths.home()).as_posix()}"


def _list(files: Files, place: str) -> dict[str, str] | None:
    """Read the list of a pushed folder: by name, the SHA-256 of each file."""
    try:
        with files.system.open_input_file(f"{place}.json") as file:
            known = json.loads(file.readall())
    except FileNotFoundError:
        return None
    if not isinstance(known, dict):
        raise ValueError(f"{place}.json is damaged")
    return {str(name): str(sha256) for name, sha256 in known.items()}


def _send(files: Files, place: str, path: Path, known: set[str]) -> Iterator[tuple[str, str]]:
    """Send the files that are not known, and yield the name and SHA-256 of all."""
    for name, one in _of(path):
        try:
            file = one.open("rb")
            about = os.fstat(file.fileno())
            sha256 = _sha256(one, about.st_ino, about.st_size, about.st_mtime_ns)
        except FileNotFoundError:  # deleted just now
            continue
        with file:
            if sha256 not in known:
                digest = hashlib.sha256()
                _write(files, f"{place}/{sha256}", _chunks(file, about.st_size, digest))
                if digest.hexdigest() != sha256:  # it was replaced just now; the next push has it
                    continue
                known.add(sha256)
            yield name, sha256


def _of(path: Path) -> list[tuple[str, Path]]:
    if path.is_file():
        return [("", path)]
    found = [
        (one.relative_to(path), one)
        for one in sorted(path.rglob("*"))
        if one.is_file() and not one.is_symlink()
    ]
    return [
        (name.as_posix(), one)
        for name, one in found
        if not any(part.startswith(".") for part in name.parts)
    ]


@functools.lru_cache(maxsize=4096)
def _sha256(path: Path, inode: int, size: int, changed_ns: int) -> str:  # noqa: ARG001
    """Hash a file as it was at that time; a log may have grown."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for _ in _chunks(file, size, digest):
            pass
    return digest.hexdigest()


def _chunks(file: IO[bytes], size: int, digest: Any) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(CHUNK, size))):
        digest.update(chunk)
        size -= len(chunk)
        yield chunk


def _write(files: Files, name: str, chunks: Any) -> None:
    """Write an object; in a folder, under another name first, so that readers see it whole."""
    is_folder = files.system.type_name not in OBJECT_STORES
    part = f"{name}.part-{secrets.token_hex(4)}" if is_folder else name
    if is_folder:
        files.system.create_dir(str(PurePosixPath(name).parent), recursive=True)
    with files.system.open_output_stream(part) as stream:
        for chunk in chunks:
            stream.write(chunk)
    if is_folder:
        files.system.move(part, name)


def _receive_all(files: Files, place: str, wanted: dict[str, str], target: Path) -> None:
    for name, sha256 in wanted.items():
        _receive(files, f"{place}/{sha256}", sha256, _inside(target, name))


def _receive(files: Files, name: str, sha256: str, target: Path) -> None:
    if target.is_file() and _digest_of(target) == sha256:
        return
    digest = hashlib.sha256()
    with files.system.open_input_file(name) as source, whole_file(target) as part:
        with part.open("wb") as file:
            for chunk in _incoming(files, source, digest):
                file.write(chunk)
        if digest.hexdigest() != sha256:
            raise StoreError(
                f"{name} in {files.name} is damaged: its SHA-256 is another; delete it there"
            )


def _incoming(files: Files, source: Any, digest: Any) -> Iterator[bytes]:
    try:
        yield from _chunks(source, source.size(), digest)
    except (OSError, ValueError) as error:  # of the server, not of this machine's disk
        raise files.failed(error) from error


def _digest_of(path: Path) -> str:
    about = path.stat()
    return _sha256(path, about.st_ino, about.st_size, about.st_mtime_ns)


def _inside(folder: Path, name: str) -> Path:
    """Return the place of a listed file; a list from elsewhere must not lead out of the folder."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or any(part.startswith(".") for part in parts):
        raise ValueError(f"a list names the file {name!r}")
    return folder.joinpath(*parts)
