"""Measuring: latency on this machine, and the error of a candidate."""
