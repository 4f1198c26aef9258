"""Command lines in documents, help and messages, and whether they could run.

A line is parsed, never run: option names, the number of arguments, and the values of a choice are
looked up in the commands themselves. FILE, NAME, `...` and `{value}` stand for any value.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from bort.cli.main import COMMANDS, bort
from bort.core.errors import InvalidFieldError

ROOT = Path(__file__).parents[2]
CHECKED = (click.Choice, click.types.IntParamType, click.types.FloatParamType)
ANY = "ANYTHING"  # replaces a value in a message made by an f-string

_PROGRAM = r"(?:\.venv/bin/)?bort"
# Where a command line ends within a sentence.
_END = re.compile(r"\s#|\s[|>&]|&&|[;`\"()]|[.,:](?:\s|$)|\s(?:and|to|or|for|in|on|is|if|with)\s")


@dataclass(frozen=True)
class Printed:
    """A text for people, and where it is."""

    place: str
    text: str
    is_markdown: bool = False


def documents() -> list[Printed]:
    """Read all Markdown, the Makefile and the script that runs on every submission."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/**/*.md")]
    files += [ROOT / "tests" / "README.md"] * (ROOT / "tests" / "README.md").exists()
    found = [Printed(_name(file), file.read_text("utf-8"), is_markdown=True) for file in files]
    scripts = [ROOT / "Makefile", ROOT / ".ci" / "run", *sorted(ROOT.glob("data/*.txt"))]
    return found + [Printed(_name(file), _shell(file)) for file in scripts]


def _shell(file: Path) -> str:
    text = file.read_text("utf-8").replace("$(BIN)/bort", "bort").replace("$(PORT)", ANY)
    return re.sub(r"^[\t@]+", "", text, flags=re.MULTILINE)


def sources() -> list[Printed]:
    """Read every string in the code: docstrings, help, messages, snippets on pages."""
    files = [ROOT / "app.py", ROOT / "shared_app.py"]
    for folder in ("bort", "benchmarks", "pages"):
        files += sorted((ROOT / folder).rglob("*.py"))
    return [
        Printed(f"{_name(file)}:{line}", text)
        for file in files
        for line, text in strings(file.read_text("utf-8"))
    ]


def strings(source: str) -> Iterator[tuple[int, str]]:
    """List string literals and their lines; f-strings get `ANYTHING` for their values."""
    tree = ast.parse(source)
    inner = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else ANY for part in node.values)
            yield node.lineno, "".join(map(str, parts))


def helps() -> list[Printed]:
    """Return every command's help, as the terminal prints it."""
    return [
        Printed(f"{path} --help", command.get_help(ctx).partition("\n")[2])  # without its usage
        for path, command, ctx in commands()
    ]


Found = tuple[str, click.Command, click.Context]


def commands() -> Iterator[Found]:
    """List every command with its path, `bort data prepare`, including groups."""

    def below(command: click.Command, ctx: click.Context) -> Iterator[Found]:
        yield ctx.command_path, command, ctx
        if isinstance(command, click.Group):
            for name in command.list_commands(ctx):
                inner = command.get_command(ctx, name)
                assert inner is not None
                yield from below(inner, click.Context(inner, parent=ctx, info_name=name))

    yield from below(bort, click.Context(bort, info_name="bort", terminal_width=200))


def options() -> set[str]:
    """List the options of all commands."""
    known = {"--help"}
    for _, command, _ in commands():
        for parameter in command.params:
            known |= {*parameter.opts, *parameter.secondary_opts}
    return known


@dataclass(frozen=True)
class Line:
    """A command line; within a sentence, words of the sentence may follow it."""

    text: str
    is_in_sentence: bool = False


def command_lines(printed: Printed) -> list[Line]:
    """Find the `bort ...` command lines in a text, each from `bort` to its end."""
    text = printed.text.replace("\\\n", " ")
    return _in_code(text) if printed.is_markdown else list(_in_text(text))


def _in_code(text: str) -> list[Line]:
    """Find the lines of code blocks and the text between backticks; ignores prose."""
    found = []
    blocks = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
    for block in blocks.findall(text):
        found += re.findall(rf"^ *(?:\$ )?(?:[A-Z_]+=\S+ )*({_PROGRAM} [a-z-].*)$", block, re.M)
    for span in re.findall(r"`([^`]+)`", blocks.sub("", text)):
        span = " ".join(span.split())
        if match := re.match(rf"(?:[A-Z_]+=\S+ )*({_PROGRAM} [a-z-].*)", span):
            found.append(match[1])
    for first, others in re.findall(r"^\| `(bort [^`]+)`((?:, `[a-z]+`)+) \|", text, re.MULTILINE):
        stem = first.rpartition(" ")[0]  # `bort jobs list`, `show` in a table of commands
        found += [f"{stem} {name}" for name in re.findall("[a-z]+", others)]
    return [Line(line) for line in found]


def _in_text(text: str) -> Iterator[Line]:
    """Find lines that begin with `bort`, and commands that a sentence says to run."""
    known = "|".join(COMMANDS)
    begins = rf"^\s*{_PROGRAM} [a-z-]|{_PROGRAM} (?:{known})\b|(?:[Rr]un:? |`){_PROGRAM} [a-z-]"
    for match in re.finditer(begins, text, re.MULTILINE):
        start = match.start() + re.search(_PROGRAM, match[0]).start()  # type: ignore[union-attr]
        rest = text[start:]
        is_line = not text[:start].rpartition("\n")[2].strip()
        line = re.split(r"\n", rest)[0] if is_line else " ".join(rest.split())
        if is_line and re.match(rf"{_PROGRAM} (?!{known})[a-z]+ [a-z]+", line):
            continue  # a sentence about the program
        end = re.search(r"\s{2,}|\s#|\s[|>&]|&&|[;`]", line) if is_line else _END.search(line)
        yield Line(line[: end.start()] if end else line, is_in_sentence=not is_line)


def problem(line: Line) -> str | None:
    """Return why a command line could not run; None if it could."""
    words = [re.sub(r"^[\[(]+|[\])]+(?:\.\.\.)?$", "", word) for word in _words(line.text)]
    words = [word for word in words[1:] if word.strip(".…")]
    ctx = click.Context(bort, info_name="bort")
    return _unusable(bort, ctx, words, may_go_on=line.is_in_sentence)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # the end of the sentence cut off a quotation mark
        return line.split()


def _unusable(
    command: click.Command, ctx: click.Context, words: list[str], *, may_go_on: bool
) -> str | None:
    try:
        given, rest, _ = command.make_parser(ctx).parse_args(list(words))
    except click.NoSuchOption as error:
        return error.format_message()
    except click.BadOptionUsage:  # named without its value, as in a sentence
        return None
    if not isinstance(command, click.Group):
        too_many = None if may_go_on or not rest else f"{ctx.command_path} takes no {rest[0]!r}"
        return _wrong_value(command, ctx, given) or too_many
    if not rest or _stands_for_anything(rest[0]):
        return None
    for name in rest[0].split("|"):
        inner = command.get_command(ctx, name)
        if inner is None:
            return f"{ctx.command_path} has no command {name!r}"
        below = click.Context(inner, parent=ctx, info_name=name)
        if found := _unusable(inner, below, rest[1:], may_go_on=may_go_on):
            return found
    return None


def _wrong_value(
    command: click.Command, ctx: click.Context, given: dict[str, object]
) -> str | None:
    for parameter in command.params:
        value = given.get(str(parameter.name))
        if not isinstance(value, str) or _stands_for_anything(value):
            continue
        if field := getattr(parameter, "field", None):
            try:
                field.parse(value.strip("'\""))  # an example's output is quoted
            except InvalidFieldError as error:
                return str(error)
        if isinstance(parameter.type, CHECKED):
            try:
                parameter.type.convert(value, parameter, ctx)
            except click.BadParameter as error:
                return error.format_message()
    return None


def _stands_for_anything(value: str) -> bool:
    return ANY in value or value.upper() == value or "..." in value or "{" in value


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def option_names(printed: Printed) -> list[str]:
    """Find everything in a text that looks like an option."""
    return re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*[a-z0-9](?![\w.{-])", printed.text)


def make_targets(printed: Printed) -> list[str]:
    """Find the `make` targets that a text names in code."""
    code = r"(?:`|^\s*(?:\$ )?|: )make ([a-z][a-z-]*)(?=\s*$|\s{2}|\s*#|[`,;)]|\s[A-Z]+=)"
    return re.findall(code, printed.text, re.MULTILINE)


def scripts(printed: Printed) -> list[str]:
    """Find our files that a text says to run with `python FILE` or `python -m MODULE`."""
    found = re.findall(r"python3? ((?:benchmarks|tests)/[\w/-]+\.py)", printed.text)
    modules = re.findall(r"python3? -m (benchmarks(?:\.\w+)*)", printed.text)
    return [*found, *(f"{name.replace('.', '/')}.py" for name in modules)]
