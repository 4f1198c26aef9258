"""How fast the dashboard paints, beside a plain Streamlit page with as many charts."""
