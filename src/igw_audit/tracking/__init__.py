"""The only room that knows MLflow: store, runs, models, registered versions."""
