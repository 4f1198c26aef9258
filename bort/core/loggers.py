"""Which other programs receive a job's curves."""

from dataclasses import dataclass
from typing import Any

from bort.core.fields import Description, ask, check_fields
from bort.core.kinds import Choice, Several

LOGGERS = ("tensorboard", "mlflow", "wandb", "trackio")


def ask_loggers(what: str) -> Any:
    """Ask which loggers receive something.

    Args:
        what: "the curves", for example.
    """
    return ask(
        (),
        Several(Choice(LOGGERS), f"one or more of {', '.join(LOGGERS)}, or none", nothing="none"),
        "Log",
        f"Also write {what} to these. The store always keeps them.",
        called="log",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSpec(Description):
    """What a search's job logs. It is no part of the study: no answer depends on it."""

    loggers: tuple[str, ...] = ask_loggers("every training")

    def __post_init__(self) -> None:
        check_fields(self)
