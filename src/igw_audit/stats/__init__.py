"""Plain numerics: numbers in, Estimate out. Knows nothing of cases, audits or MLflow."""
