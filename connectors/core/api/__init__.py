"""Pulls a connector's streams over HTTP, from what the connector declares.

    values ─▶ auth ┐
    limits ────────┼▶ client ─▶ transport ─▶ the vendor
    listing ─▶ paging ─▶ record ─▶ pull ─▶ one load per stream

`declare` is what a connector module writes with. The other parts are separate objects, each usable
alone; the transport and the clock are handed in, so that a test replaces them and patches nothing.
"""
