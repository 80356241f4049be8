"""What a run does about state that is broken: put it aside, make it again from what is whole, and
tell the engineers. The landing is the system of record; what follows from it is disposable.

    the warehouse       built again from the landing
    a publication       published again from the warehouse
    the alert ledger    made again from what can still be read of it and from the publications
    Dagster's storage   begun anew; only its history is lost
    state/*.json        read as absent; costs a build

What is put aside stays under `state/quarantine/` (of the warehouse: `warehouse/quarantine/`), the
newest few of each. A load of the landing is never put aside by itself: a person decides.
"""
