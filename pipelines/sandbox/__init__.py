"""Vendors on loopback: they speak like the real ones, hold the sample company, and misbehave on
request. For whoever evaluates Koers without accounts (`koers sandbox`), and for the tests.

`server` speaks HTTP and breaks it where it is told to; each other module is one vendor.
"""

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Sandbox, serve
from pipelines.sandbox.vendors import Vendor, vendors

__all__ = ["Fault", "Sandbox", "Vendor", "serve", "vendors"]
