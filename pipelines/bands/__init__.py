"""The process band: what is normal for a series, from its own past. See docs/process-band.md."""
