"""MLflow's model registry behind the gate: a registry store that refuses what has no signed, approved evidence."""
