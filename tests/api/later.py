"""When a test pulls."""

import datetime as dt

LATER = dt.timedelta(minutes=10)
"""After the time that a vendor needs to show what it knows."""
