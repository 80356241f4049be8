"""Koers: from landed records to published KPI facts and alerts."""
