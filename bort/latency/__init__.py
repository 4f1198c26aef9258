"""Latency on this machine: measured on a sample, predicted for a whole space."""
