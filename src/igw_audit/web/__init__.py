"""Doors for browsers: the application that MLflow serves, with the pages of igw-audit beside it."""
