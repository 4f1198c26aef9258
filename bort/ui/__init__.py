"""The building blocks of the pages. Only this package imports streamlit."""
