"""The inference engines that a latency can be measured with.

Importing this imports none of them.
"""

from bort.latency.runtimes.registry import RUNTIME_NAMES, RuntimeKind, open_runtime, runtime_kind

__all__ = ["RUNTIME_NAMES", "RuntimeKind", "open_runtime", "runtime_kind"]
