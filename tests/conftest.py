"""What holds for every test, set before torch is loaded."""

import os

# Threads of torch that wait for each other sleep instead of spinning: two workers on two cores
# otherwise spend most of their time so (measured: fine-tuning a tiny teacher 17 s, asleep 1 s).
# Child processes inherit it. Nothing that is computed depends on it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
