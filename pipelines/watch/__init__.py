"""The drift watch: judges a publication, keeps the alert ledger, sends messages.

    publication ─▶ drift.evaluate ─▶ ledger (events, outbox) ─▶ delivery ─▶ channels

`watching.watch` judges one publication once; `delivery.deliver` sends what is due. They share
nothing but the ledger, so a dead channel never delays the judging, nor a rebuild the sending.
"""
