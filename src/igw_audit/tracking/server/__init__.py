"""MLflow's server as `igw-audit serve` starts it: signed in, with the gate's checks before and behind MLflow's own."""
