"""Export trained models as files to deploy: Hugging Face folder, ONNX, run bundle.

Imports neither torch nor transformers until a model is opened.
"""
