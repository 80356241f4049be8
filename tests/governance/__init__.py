"""The governance of KPIs: lint, versions, and what was said when."""
