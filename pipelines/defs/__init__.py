"""Dagster wiring: what Koers does, as assets, checks, jobs, a schedule and sensors. No logic."""
