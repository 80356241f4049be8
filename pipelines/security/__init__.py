"""What keeps Koers from being used against its owner; docs/security.md says what holds.

`private` and `sharing`: who may read the home. `environment`: which variables are secret.
`exchange`: where messages may go, and how much of an answer is read. `locked`: DuckDB without files
and network. `yaml_text`: settings as they are written. `expressions`: the SQL that a KPI may hold.
`spreadsheet`: cells that are no formulas. `ui`: the Dagster UI, for its own pages only. `exposure`:
what stands open, for `koers doctor`.
"""
