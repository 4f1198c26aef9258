"""Agora on texts: the data, and what learns, labels, represents and samples them.

`spec` and `data` are light; the other modules import torch.
"""
