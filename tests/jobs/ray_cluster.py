"""Two nodes of a Ray cluster in a process of their own, see `ray_nodes.py`."""

import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


class Cluster:
    """The two nodes, in a process of their own."""

    def __init__(self, folder):
        self.homes = [folder / "one", folder / "two"]
        self.log = folder / "nodes.log"
        with socket.socket() as probe:
            probe.bind(("", 0))
            port = probe.getsockname()[1]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, HERE / "ray_nodes.py", str(port), *map(str, self.homes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.address = self.hear("up").split()[1]

    def hear(self, word):
        line = self.process.stdout.readline()
        assert line.startswith(word), self.log.read_text()
        return line

    def tell(self, word):
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        self.hear("done")

    def close(self):
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()
