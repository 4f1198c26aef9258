"""Bort: optimal subarchitecture extraction and Agora, in the open.

Importing this package loads neither torch nor streamlit.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
