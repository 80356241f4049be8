"""A Power BI project of a publication: a semantic model in TMDL and a report in PBIR.

`rules` says how each KPI may be added up, `tables` and `measures` describe the model, `tmdl` and
`power_query` write it, `pages` and `report` the report; none of these reads or writes a file.
`project` puts them together, `writing` brings them to disk, `command` is `koers powerbi`.
"""
