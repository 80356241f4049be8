"""What can go wrong between a source and the landing, told apart by what helps.

LandingError
├── PermanentError         happens again until somebody changes something; the text says what
│   ├── MappingError           mapping.yaml cannot be used
│   ├── UnusableKeyError      the key is missing, unusable, or not the landing's
│   ├── LandingDamagedError    a committed load cannot be read
│   ├── ShrinkError            a full load is suspiciously smaller than the one before
│   ├── LackError              no record has a field that records had before
│   ├── CredentialsError       an API's credentials are missing, wrong or too weak
│   ├── RefusedError           an API refuses a request
│   ├── UnsafeAddressError     an API's answer leads to another host
│   └── ExpiredError           an API's page token is no longer valid
└── TransientError         may pass by itself; try again later
    ├── BusyError              another process holds the lock
    ├── DiskError              the disk is full, fails, or may not be written to
    ├── StoppedError           somebody stopped the pull
    ├── UnavailableError       an API does not answer properly
    └── LimitedError           an API's budget of requests is used up

What is wrong with one file or one cell is told by `connectors.core.files` (FileRefused, CellError).
"""

from __future__ import annotations


class LandingError(Exception):
    """Something between a source and the landing failed; what is not committed is not there."""


class PermanentError(LandingError):
    """Fails again until somebody changes something."""


class TransientError(LandingError):
    """May succeed when tried again later, unchanged."""


class MappingError(PermanentError):
    """`mapping.yaml` cannot be used: the text names the file, the place and what to write."""


class UnusableKeyError(PermanentError):
    """Personal fields cannot be replaced with the right key."""


class LandingDamagedError(PermanentError):
    """What stands in the landing is not what a commit leaves behind."""


class ShrinkError(PermanentError):
    """A load that replaces everything holds far less than the one before it."""


class LackError(PermanentError):
    """No record of a load has a value of a field that the records before it had."""


class BusyError(TransientError):
    """Another process is at work on the same thing."""


class DiskError(TransientError):
    """A file cannot be written or read as it should: the text says which and what to do."""


class StoppedError(TransientError):
    """Somebody stopped the pull while it waited."""


class SourceError(LandingError):
    """A vendor's API could not be read. The text never holds a secret."""


class CredentialsError(SourceError, PermanentError):
    """The credentials are missing, wrong, expired or have too few rights."""


class RefusedError(SourceError, PermanentError):
    """The vendor refuses the request, and will again."""


class UnsafeAddressError(SourceError, PermanentError):
    """An answer leads to another scheme, host or port than the account's: nothing is sent there."""


class ExpiredError(SourceError, PermanentError):
    """A page token is no longer valid: the window is to be read from its start."""


class UnavailableError(SourceError, TransientError):
    """The vendor does not answer, or not properly, though asked several times."""


class LimitedError(SourceError, TransientError):
    """The vendor's budget of requests is used up until the time it says."""
