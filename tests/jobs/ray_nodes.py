"""A Ray cluster of two nodes: `python ray_nodes.py PORT HOME HOME`, one BORT_HOME for each.

It prints `up ADDRESS`. Its input tells it what to do next, one word a line, and it prints `done`
after each: `lose` kills the second node, `restart` kills everything and starts it again. It ends
the cluster with its input.
"""

import contextlib
import os
import sys

from ray.cluster_utils import Cluster

MEMORY = 80 * 2**20


class Nodes:
    def __init__(self, port: int, homes: list[str]) -> None:
        self.port, self.homes = port, homes
        self.start()

    def start(self) -> None:
        self.cluster = Cluster()
        self.add(self.homes[0], gcs_server_port=self.port)
        self.second = self.add(self.homes[1])

    def add(self, home: str, **more: object):
        return self.cluster.add_node(
            num_cpus=2,
            object_store_memory=MEMORY,
            include_dashboard=False,
            env_vars={"BORT_HOME": home},
            **more,
        )

    def lose(self) -> None:
        self.cluster.remove_node(self.second, allow_graceful=False)

    def restart(self) -> None:
        self.close()
        self.start()

    def close(self) -> None:
        for node in [*self.cluster.worker_nodes, self.cluster.head_node]:
            self.cluster.remove_node(node, allow_graceful=False)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with contextlib.closing(Nodes(int(sys.argv[1]), sys.argv[2:])) as nodes:
        print("up", nodes.cluster.address, file=answers, flush=True)
        for line in sys.stdin:
            getattr(nodes, line.strip())()
            print("done", file=answers, flush=True)
    os._exit(0)  # everything is killed; Ray would wait for it


if __name__ == "__main__":
    main()
