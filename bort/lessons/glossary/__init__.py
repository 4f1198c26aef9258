"""The glossary: each term in one sentence and one picture."""
