"""What a person may write for `--task`: a name, the beginning of one, a file, or `hub:ID`."""

import difflib
from pathlib import Path

from bort.core.errors import UnknownTaskError
from bort.tasks.corpora import CORPORA
from bort.tasks.files import ENDINGS
from bort.tasks.hub import PREFIX


def resolve(task: str) -> str:
    """The full name of a named task, `hub:...`, or the path of a file, as it was given.

    `_` is read as `-`, case is ignored, and the beginning of a name is enough where only one task
    begins so.

    Raises:
        UnknownTaskError: none of these; with the name that comes close.
    """
    if task.startswith(PREFIX):
        return task
    wanted = task.strip().lower().replace("_", "-")
    if wanted in CORPORA:
        return wanted
    if _is_path(task):
        return task
    beginnings = [name for name in CORPORA if wanted and name.startswith(wanted)]
    if len(beginnings) == 1:
        return beginnings[0]
    close = beginnings or difflib.get_close_matches(wanted, CORPORA, n=1)
    hint = f"did you mean {' or '.join(close)}? Tasks" if close else "tasks"
    raise UnknownTaskError(
        f"there is no task and no file {task[:80]!r}; {hint} are {', '.join(CORPORA)}, "
        f"a file ending with {', '.join(ENDINGS)}, or hub:ID"
    )


def resolve_named(name: str) -> str:
    """The full name of a named task; UnknownTaskError for files and hub ids too."""
    found = resolve(name)
    if found not in CORPORA:
        raise UnknownTaskError(
            f"{name!r} needs no preparing, it is read when used; "
            f"tasks to prepare are {', '.join(CORPORA)}"
        )
    return found


def _is_path(task: str) -> bool:
    try:
        return Path(task).suffix.lower() in ENDINGS or Path(task).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, a null character, an unknown ~user
        return False
