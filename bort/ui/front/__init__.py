"""The page Pareto front."""
