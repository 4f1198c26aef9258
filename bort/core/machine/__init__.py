"""This machine: what it is, and who may use it at the moment."""
