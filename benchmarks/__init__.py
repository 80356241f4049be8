"""Measurements: commands, not tests. Each tells ratios to a baseline of the same run."""
