"""What who keeps Koers running needs: `koers doctor`, backup and restore, figures for monitoring.

Nothing here computes a KPI. It looks at what the other parts left behind, and copies it.
"""
