"""Run the Python that an exported folder's README.md shows."""

import subprocess
import sys
from pathlib import Path

HEAVY = "import sys; print(sorted({'torch', 'transformers', 'bort'} & sys.modules.keys()))"


def printed_by_card(folder: Path) -> list[str]:
    """Run it in a process of its own; returns what it prints, then which of `HEAVY` it loaded."""
    card = (folder / "README.md").read_text("utf-8")
    code = card.split("```python\n")[1].split("```")[0].replace("FOLDER", str(folder))
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{HEAVY}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder.parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
