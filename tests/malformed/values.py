"""Malformed numbers, names, paths, and contents of files; nothing here knows a command."""

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

DIGITS = "9" * 5000

NUMBERS = (
    *("", " ", "-1", "0", "-0", "1e309", "-1e309", "nan", "inf", "-inf", "1e-400", "0x10", "1_000"),
    *("½", "١٢", "1,5", "1.5", "1e3", "1 2", "3.0000000000000001", DIGITS, f"0.{DIGITS}"),
    *("9223372036854775808", "2147483648", "1000000000000", "1" * 31, "true", "None", "--", "1e18"),
)
WORDS = (
    *("", " ", "\t", "a\nb", "a\rb", "\x1b[31mred", "\u202etxt", "\udcff", "\ud83d", "é" * 300),
    *("x" * 5000, "x" * 100_000, "../../etc/passwd", "/etc/passwd", "~", "-", "a/b", "a\\b", "CON"),
    *("%s%n{0}", "'; DROP TABLE jobs; --", "$(touch x)", "[bold]x[/bold]", "[/]", "null", "NaN"),
    *("a" * 255, "a" * 256, ",", ",,,", "a,b,,c", "=", "a=b=c", "a==", ":", "::", "0:0:0", "://"),
    *("sqlite:///", "sqlite:////", "https://127.0.0.1:9/x", "file:///etc/passwd", "\u2028"),
)
# Places for outputs. None is outside of the case's folder: a test may run as root, and the
# product under test may be wrong.
OUTPUTS = (
    *("", " ", ".", "./", "missing/x.csv", "x" * 300, "x" * 300 + ".csv", "x/" * 3000, "a\nb.csv"),
    *("\udcff.csv", "FIFO", "LOOP", "FOLDER", "SOCKET", "FOLDER/", "o.CSV", "o", ".csv", "o.csv/"),
    *("FIFO.csv", "LOOP.csv", "FOLDER.csv", "SOCKET.csv", "FIFO.json", "LOOP.json", "FIFO.parquet"),
)
# Places for inputs.
PATHS = (
    *OUTPUTS,
    *(
        "..",
        "/",
        "//",
        "/dev/null",
        "/dev/zero",
        "/dev/stdin",
        "/dev/full",
        "/proc",
        "~nobody-here/x",
    ),
    *("/proc/self/mem", "/proc/self/environ", "missing", "FIFO.toml", "FIFO.jsonl", "LOOP.toml"),
)
STORES = (
    *("", " ", "sqlite://", "sqlite:///", "sqlite:///:memory:", "results.db", "a://b", "://"),
    *("sqlite:////proc/x.db", "sqlite:///FIFO", "sqlite:///FOLDER", "sqlite:///SOCKET", "\udcff"),
    *("sqlite:///LOOP", "sqlite:///" + "x" * 300, "sqlite:///" + "x/" * 3000, "sqlite:///a?b=c"),
    *("postgresql+psycopg://ann:secret@127.0.0.1:9/x?connect_timeout=1", "mysql://a:b@c/d"),
    *(
        "postgresql+psycopg://ann:p@ss:w0rd@127.0.0.1:9/x",
        "postgresql://[::1/x",
        "sqlite:///\udcff",
    ),
    *("postgresql+psycopg://h/x?password=secret&port=9", "postgresql+psycopg://h:99999/x"),
)

DEEP = 3000
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, 1e308, -1e308, 5e-324, 2**31, 2**63, 2**64, -(2**63)),
    *("", " ", "x", "\ud800", "\x00", "\x1b[2J", "nan", "1", "x" * 100_000, "../../x", "[/]"),
    *([], {}, [[]], [None], [0] * 3, {"": 0}, {"\ud800": 1}, [[0] * 3] * 3, ["x"], "\n", 1e-9),
)
# Written into the text, because Python would not write them.
RAW = ("NaN", "Infinity", "-Infinity", "1e400", DIGITS, f"-{DIGITS}", f"1.{DIGITS}", '"\\ud800"')
_MARK = '"@raw@"'


def json_changes(content: Any, rng: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield a description and the text of `count` documents, each with a single field changed."""
    places = list(_places(content))
    for _ in range(count):
        path = rng.choice(places)
        kind = rng.choice(("odd", "odd", "odd", "raw", "drop", "deep", "number", "number", "more"))
        changed = json.loads(json.dumps(content))
        at = changed
        for key in path[:-1]:
            at = at[key]
        key, raw = path[-1], _MARK
        match kind:
            case "odd":
                at[key] = rng.choice(ODD_VALUES)
            case "drop":
                del at[key]
            case "number" if isinstance(at[key], int | float):
                at[key] = at[key] * rng.choice((-1, 0, 0.5, 1.0000001, 2, 1e6, 1e30))
            case "more" if isinstance(at, dict):
                at["unknown \ud800"] = rng.choice(ODD_VALUES)
            case "deep":
                at[key], raw = "@raw@", "[" * DEEP + "]" * DEEP
            case _:
                at[key], raw = "@raw@", rng.choice(RAW)
        text = json.dumps(changed).replace(_MARK, raw, 1)
        yield f"{kind} {'.'.join(map(str, path))}"[:80], text.encode("utf-8", "surrogatepass")


def _places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = content if isinstance(content, dict) else range(len(content))
    for key in keys:
        yield (*path, key)
        if isinstance(content[key], dict | list) and content[key]:
            yield from _places(content[key], (*path, key))


def toml_changes(content: bytes, rng: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` documents in which one value, or the whole, is odd."""
    text = content.decode()
    values = [match.span(1) for match in re.finditer(r"= *(.+)", text)]
    odd = (
        *(
            "",
            "0",
            "-1",
            "[]",
            "[0]",
            "[-1]",
            '["x"]',
            "[[1]]",
            "{}",
            "true",
            "1e400",
            "nan",
            "inf",
        ),
        *(DIGITS, f"[{DIGITS}]", "[1, 1]", "[1.5]", "9223372036854775807", "[9223372036854775807]"),
        *('"\\u0000"', '"""', "1979-05-27", "[1000000]", "[1000000, 1]", "[2147483648]", '"gpt2"'),
        *(
            "[" * DEEP + "]" * DEEP,
            "{a=" * 500 + "1" + "}" * 500,
            '"perceptron"',
            '"static"',
            '"x"',
        ),
        *(str(list(range(1, 3000))), str(list(range(1, 200_000))), '"../x"', '"\\u001b[2J"', "''"),
    )
    for _ in range(count):
        begin, end = rng.choice(values)
        value = rng.choice(odd)
        yield f"toml {value[:20]}", f"{text[:begin]}{value}{text[end:]}".encode()


def csv_changes(content: bytes, rng: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` tables in which one cell, one row, or the whole, is odd."""
    lines = [line.split(",") for line in content.decode().splitlines()]
    cells = (
        *(
            "",
            " ",
            '"',
            '"a',
            'a"b',
            "nan",
            "inf",
            "-inf",
            "1e400",
            "-1",
            "0",
            "None",
            DIGITS,
            "\x00",
        ),
        *(
            "x" * 200_000,
            "a\nb",
            '"a\nb"',
            "a,b",
            "\u2028",
            "\x85",
            "é",
            "1;2",
            "=1+1",
            "\x1b[2J",
            "NA",
        ),
        *("1e-400", "1e308", "1,000", "1.5", "true", "\ufeff", '""', '"""', "-0", "9" * 400, "[/]"),
    )
    for _ in range(count):
        rows = [list(line) for line in lines]
        row = rng.choice((0, rng.randrange(len(rows))))
        column = rng.randrange(len(rows[row]))
        kind = rng.choice(
            ("cell", "cell", "cell", "short", "long", "wide", "blank", "twice", "sep")
        )
        match kind:
            case "cell":
                rows[row][column] = rng.choice(cells)
            case "short":
                del rows[row][column:]
            case "long":
                rows[row] += ["x"] * rng.choice((1, 50))
            case "wide":
                extra = rng.choice((1, 3000, 100_000))
                rows = [line + [f"c{i}" for i in range(extra)] for line in rows]
            case "blank":
                rows[row] = [""] * len(rows[row])
            case "twice":
                rows += [list(rows[row])] * rng.choice((1, 3))
            case "sep":
                text = "\n".join(rng.choice((";", "\t", "|", " ")).join(line) for line in rows)
                rows = [[text]]
        text = rng.choice(("\n", "\n", "\n", "\r\n", "\r")).join(",".join(line) for line in rows)
        encoding = rng.choice(("utf-8",) * 6 + ("utf-16", "latin-1", "utf-8-sig"))
        yield f"csv {kind} {row},{column}", text.encode(encoding, "replace")


def byte_changes(content: bytes, rng: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` damaged copies: bytes changed, cut, doubled, or something else altogether."""
    others = (
        b"",
        b"\n",
        b"\x00",
        b"\xff" * 100,
        b"\x00" * 5000,
        b"PK\x03\x04",
        b"PAR1",
        b"{}",
        b"[]",
    )
    makers: tuple[Callable[[], bytes], ...] = (
        lambda: _flipped(content, rng, 1),
        lambda: _flipped(content, rng, 1),
        lambda: _flipped(content, rng, 20),
        lambda: content[: rng.randrange(len(content))],
        lambda: content[rng.randrange(len(content)) :],
        lambda: content + content,
        lambda: content + b"\x00" * 100,
        lambda: rng.choice(others),
    )
    for _ in range(count):
        number = rng.randrange(len(makers))
        yield f"bytes {number}", makers[number]()


def _flipped(content: bytes, rng: random.Random, count: int) -> bytes:
    changed = bytearray(content)
    for _ in range(count):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)
