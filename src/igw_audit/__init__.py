"""Audits of risk-scoring models for singling people out by nationality or ethnicity."""
