"""The digest: what a week or a month brought, per owner and for the organisation.

    publication + ledger ─▶ matter (all there is to say) ─▶ writing (a letter) ─▶ making ─▶ outbox

`timing` says when one is due and of which time it is. A letter with nothing to say is not written.
"""
