"""This machine: its fingerprint, its cores and the locks on it."""
