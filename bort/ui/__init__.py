"""The parts that pages are made of. The only package code that imports streamlit."""
