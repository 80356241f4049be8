"""What was said when: every change of a published figure, with the reason why.

    state/said/<audience>/<publication_id>/values.parquet   rows that are not as they were said
                                           units.parquet    units whose organisation changed
                                           kpis.parquet     definitions that changed

Publications keep the last N only, and the landing tells what is true, not what was said. So this
only grows, lies beside the alert ledger, and survives a rebuild of the warehouse. It costs what
changes: a night without news adds nothing. A folder is committed by one rename, and holds one
publication, so that recording twice or after a crash changes nothing.
"""
