"""What was said when: every change of a published figure, with the reason why.

    state/said/<audience>/<said_id>/values.parquet   rows that are not as they were said before
                                    units.parquet    units whose organisation changed
                                    kpis.parquet     definitions that changed
                                    said.json        which publication it was, or was again
    state/said/<audience>/<first>-<last>/            several of these taken together (`parts`)

Publications keep the last N only, and the landing tells what is true, not what was said. So this
only grows, lies beside the alert ledger, and survives a rebuild of the warehouse. It costs what
changes: a night without news adds nothing. A folder is committed by one rename, so that recording
twice or after a crash changes nothing.
"""
