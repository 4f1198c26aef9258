"""The malformed inputs: every command, every option, every file that a command reads."""

import json
import random
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import click
import values
from world import World

from bort.cli.main import COMMANDS, bort

SEED = 20_261_128
TABLE = ("--size", "params", "--latency", "ms", "--error", "err")


@dataclass(frozen=True)
class Case:
    """A command with something malformed.

    Attributes:
        label: what is malformed.
        argv: the arguments; @NAME stands for the good file of that name, or for `files[NAME]`.
        files: files to write to the case's folder first.
        works: the command starts long work if it accepts the input.
    """

    label: str
    argv: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    works: bool = False


# Commands that are fine as they stand. In those of WORK, the work itself is left out.
READ = (
    ("space", "show", "@tiny.toml"),
    ("search", "--from-table", "@bench.csv", *TABLE, "--certificate", "c.json"),
    ("search", "--from-table", "@bench.jsonl", *TABLE, "--certificate", "c.json"),
    ("search", "--from-table", "@bench.parquet", *TABLE, "--certificate", "c.json"),
    ("front", "--from-table", "@bench.csv", *TABLE),
    ("front", "--study", "quick"),
    ("front", "--study", "quick", "--size", "effective-parameters"),
    ("front", "--study", "quick", "--export", "o.csv", "--record", "o.json", "--json"),
    ("verify", "@certificate.json"),
    ("verify", "@certificate.json", "--from-table", "@bench.csv"),
    ("verify", "@study.json", "--store", "sqlite:///HOME/bort.db"),
    ("latency", "show"),
    ("latency", "show", "@profile.json", "--json"),
    ("latency", "show", "@profile.json", "made-up"),
    ("latency", "show", "made-up", "--export", "o.json"),
    ("latency", "import", "@profile.json", "--name", "other"),
    ("agora", "show", "1"),
    ("agora", "export", "1", "o.csv"),
    ("report", "front", "o.html", "--study", "quick"),
    ("report", "agora", "1", "o.html"),
    ("report", "model", "made-up-model", "o.html"),
    ("mistakes", "made-up-model"),
    ("export", "made-up-model", "--out", "o", "--no-latency"),
    ("export", "made-up-model", "--format", "bundle", "--out", "o.zip"),
    ("upload", "@hf", "me/model", "--plan"),
    ("predict", "@hf", "@texts.txt"),
    ("predict", "@hf", "@reviews.csv", "--out", "o.csv"),
    ("import", "@bundle.zip"),
    ("import", "sqlite:///@optuna.db", "--optuna", "tuning", "--out", "o.csv"),
    ("import", "@journal.log", "--optuna", "tuning", "--out", "o.csv"),
    ("jobs", "list"),
    ("jobs", "examples"),
    ("jobs", "show", "2"),
    ("jobs", "logs", "2"),
    ("jobs", "cancel", "3"),
    ("jobs", "measure-anyway", "3"),
    ("delete", "study", "made-up", "--yes"),
    ("delete", "profile", "made-up", "--yes"),
    ("delete", "model", "made-up-model", "--yes"),
    ("delete", "job", "2", "--yes"),
    ("data", "list"),
)
_NETWORK = ("--source", "@source", "--threads", "1", "--device", "cpu")
WORK = (
    ("search", "--space", "@tiny.toml", "--task", "@reviews.csv", *_NETWORK),
    ("search", "--space", "@tiny.toml", "--task", "@reviews.jsonl", *_NETWORK),
    ("search", "--space", "@tiny.toml", "--task", "@reviews.parquet", *_NETWORK),
    ("finetune", "--study", "made-up", "--pick", "1-2-8-16", "--task", "@reviews.csv", "--plan"),
    ("finetune", "--study", "made-up", "--best", "--max-latency-ms", "9", "--plan"),
    ("latency", "measure", "--space", "@tiny.toml", "--out", "o.json"),
    ("latency", "landmarks"),
    ("agora", "run", "--task", "torus"),
    ("agora", "run", "--task", "@reviews.csv", "--source", "@source", "--labelled", "60"),
    ("agora", "replay", "1", "--reject", "0:1"),
    ("jobs", "resume", "2"),
    ("rivals", "--task", "@reviews.csv"),
    ("doctor",),
    ("learn", "export", "o.html"),
    ("bench", "lessons", "nosuch"),
    ("app", "--port", "8650", "--no-open"),
    ("serve", "@hf", "--port", "0"),
    ("app", "--port", "8650", "--share", "lessons"),
    ("data", "prepare", "tweets"),
    *(("bench", name) for name in ("answers", "agora", "training", "latency", "search", "front")),
    *(("bench", name, "--out", "o.csv") for name in ("record", "realised", "classifiers", "plans")),
    ("bench", "few-labels", "--out", "o.csv"),
    ("bench", "examples", "--out", "o"),
    ("bench", "bounds", "--out", "o.csv", "--searches", "1"),
    ("bench", "parallel", "--out", "o.csv", "--workers", "1"),
)
WRITTEN = ("--out", "--export", "--record", "--certificate", "--work", "--log")
PER_OPTION = 4
PER_FILE = 12


def all_cases(world: World) -> list[Case]:
    """Make all cases; the same ones on every machine."""
    cases: list[Case] = []
    seen: set[tuple[str, str]] = set()
    for base in (*READ, *WORK):
        works = base in WORK
        rng = random.Random(f"{SEED} {' '.join(base)}")  # a new command changes no other's cases
        cases += _option_cases(base, works, rng, seen)
        cases += _argument_cases(base, works, rng)
        cases += _file_cases(world, base, works, rng)
    cases += _command_line_cases()
    return cases


def leaf(argv: tuple[str, ...]) -> tuple[click.Command, int]:
    """Return the command that `argv` calls, and how many words its name has."""
    context = click.Context(bort)
    command: click.Command = bort
    depth = 0
    while isinstance(command, click.Group):
        found = command.get_command(context, argv[depth])
        assert found is not None, argv
        command, depth = found, depth + 1
    return command, depth


def commands() -> Iterator[tuple[str, ...]]:
    """Every command of `bort`, as the words of its name."""

    def below(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if not isinstance(command, click.Group):
            yield words
            return
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from below(found, (*words, name))

    assert set(COMMANDS) == set(bort.list_commands(click.Context(bort)))
    yield from below(bort, ())


def _option_cases(
    base: tuple[str, ...], works: bool, rng: random.Random, seen: set[tuple[str, str]]
) -> Iterator[Case]:
    command, depth = leaf(base)
    yield Case("--nosuch", (*base, "--nosuch"), works=works)
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or parameter.is_flag:
            continue
        option = parameter.opts[-1]
        name = " ".join(base[:depth])
        count = 1 if (name, option) in seen else 2 if base[0] == "bench" else PER_OPTION
        seen.add((name, option))
        pool = _pool(parameter)
        for value in rng.sample(pool, min(count, len(pool))):
            yield Case(f"{option} {value[:20]!r}", _with(base, option, value), works=works)


def _pool(parameter: click.Option) -> tuple[str, ...]:
    """Choose values that are malformed for this option, and some for any."""
    metavar = parameter.metavar or ""
    if parameter.opts[-1] in ("--store", "--to-optuna"):
        return values.STORES
    if parameter.opts[-1] in WRITTEN:
        return values.OUTPUTS
    if isinstance(parameter.type, click.Path) or "FILE" in metavar or "PATH" in metavar:
        return values.PATHS
    if re.fullmatch(r"[A-Z]|[A-Z](,[A-Z])+|.*\b(N|X)\b.*", metavar) or "INT" in metavar:
        return (*values.NUMBERS, *values.WORDS[:12])
    return (*values.WORDS, *values.NUMBERS[:16], *values.PATHS[:6])


def _with(base: tuple[str, ...], option: str, value: str) -> tuple[str, ...]:
    """Return the command with this option, in place of one that it has."""
    words = list(base)
    if option in words:
        at = words.index(option)
        del words[at : at + 2]
    return (*words, f"{option}={value}")


def _argument_cases(base: tuple[str, ...], works: bool, rng: random.Random) -> Iterator[Case]:
    command, depth = leaf(base)
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    for number in range(min(len(arguments), len(base) - depth)):
        at = depth + number
        if base[at].startswith("--"):
            break
        if base[at].startswith("o."):
            pool: tuple[str, ...] = values.OUTPUTS
        else:
            is_file = base[at].startswith("@")
            pool = values.PATHS if is_file else (*values.WORDS, *values.NUMBERS)
        for value in rng.sample(pool, min(12, len(pool))):
            argv = (*base[:at], value, *base[at + 1 :])
            yield Case(f"argument {number} {value[:20]!r}", argv, works=works)


def _file_cases(
    world: World, base: tuple[str, ...], works: bool, rng: random.Random
) -> Iterator[Case]:
    for word in base:
        name = word.partition("@")[2]
        if not name:
            continue
        count = PER_FILE if name not in ("reviews.csv",) or base[0] == "search" else PER_FILE // 3
        if name in ("source", "hf"):
            changes = _folder_changes(world.files / name, rng, 1 + PER_FILE // 2)
            for label, files in changes:
                yield Case(
                    f"@{name}: {label}", base, {f"{name}/{k}": v for k, v in files.items()}, works
                )
            continue
        for label, content in _changed(world.files / name, rng, count):
            yield Case(f"@{name}: {label}", base, {name: content}, works)


def _changed(path: Path, rng: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    content = path.read_bytes()
    match path.suffix:
        case ".json":
            yield from values.json_changes(json.loads(content), rng, 2 * count)
        case ".jsonl":
            lines = content.splitlines()
            for label, line in values.json_changes(json.loads(lines[0]), rng, count // 2):
                yield label, b"\n".join([line, *lines[1:]])
        case ".toml":
            yield from values.toml_changes(content, rng, count)
        case ".csv":
            yield from values.csv_changes(content, rng, count)
        case ".zip":
            yield from _zip_changes(content, rng, 3 * count)
    yield from values.byte_changes(content, rng, count // 2)


def _zip_changes(content: bytes, rng: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Change one field of one JSON file in a bundle, with hashes that fit."""
    with zipfile.ZipFile(BytesIO(content)) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    names = [name for name in files if name.endswith(".json")]
    for _ in range(count):
        name = rng.choice((*names, "manifest.json", "model/model.safetensors"))
        changed, listed = dict(files), json.loads(json.dumps(manifest))
        if name == "manifest.json":
            label, text = next(values.json_changes(listed, rng, 1))
            yield f"{name} {label}", _zipped({**changed, name: text})
            continue
        if name.endswith(".json"):
            label, changed[name] = next(values.json_changes(json.loads(files[name]), rng, 1))
        else:
            label, changed[name] = next(values.byte_changes(files[name], rng, 1))
        for row in listed["files"]:
            row["sha256"] = sha256(changed[row["name"]]).hexdigest()
        yield f"{name} {label}", _zipped({**changed, "manifest.json": json.dumps(listed).encode()})


def _zipped(files: dict[str, bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return made.getvalue()


def _folder_changes(
    folder: Path, rng: random.Random, count: int
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Change one file of a model's folder."""
    files: dict[str, Any] = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    for _ in range(count):
        name = rng.choice(sorted(files))
        change = values.byte_changes
        if name.endswith(".json") and rng.random() < 0.7:
            label, text = next(values.json_changes(json.loads(files[name]), rng, 1))
        else:
            label, text = next(change(files[name], rng, 1))
        yield f"{name} {label}", {**files, name: text}


def _command_line_cases() -> Iterator[Case]:
    """Command lines that are wrong as such."""
    for words in (
        *((), ("nosuch",), ("--nosuch",), ("search", "--nosuch"), ("space", "show", "a", "b")),
        *(
            ("jobs",),
            ("jobs", "nosuch"),
            ("-",),
            ("",),
            ("\udcff",),
            ("x" * 100_000,),
            ("space", ""),
        ),
        *(
            ("search", "--budget"),
            ("verify",),
            ("predict",),
            ("predict", "a"),
            ("delete", "x", "y"),
        ),
        *(
            ("search", "--", "x"),
            ("front", "--epsilon"),
            ("bench", "x"),
            ("latency", "x"),
            ("--", "x"),
        ),
    ):
        yield Case("command line", tuple(words))
