"""The core that every connector stands on; it knows no vendor."""
