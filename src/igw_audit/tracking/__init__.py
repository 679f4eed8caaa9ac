"""The only room that knows MLflow: store, runs, models, versions. Nothing here imports it before it is used."""
