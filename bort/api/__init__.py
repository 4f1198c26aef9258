"""What Python programs use: search, models, certificates, Agora and latency, as in scikit-learn.

Import the names from `bort`; this package only has their code.
"""
