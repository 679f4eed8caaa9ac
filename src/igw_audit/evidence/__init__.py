"""Evidence: who signed what over which bytes, and what follows from it; no MLflow, no data, quick to start."""
