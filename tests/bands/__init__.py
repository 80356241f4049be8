"""The process band."""
