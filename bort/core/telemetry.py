"""Keeps libraries from reporting to their makers what is done on this machine."""

import os

# ONNX Runtime 1.29 and newer sends names and hashes of models to Microsoft, and leaves an
# identifier of the machine in ~/.cache and a file in the folder for temporary files.
SWITCHES = ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY")


def send_nothing() -> None:
    """Switch telemetry off in this process and those that it starts.

    Libraries look only once: call this before they are imported.
    """
    for switch in SWITCHES:
        os.environ[switch] = "1"
