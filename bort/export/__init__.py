"""Trained models as files that people deploy: Hugging Face folder, ONNX, run bundle.

Importing this imports neither torch nor transformers.
"""
