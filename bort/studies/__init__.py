"""Studies for other programs: tables, and Optuna's own studies, there and back."""
