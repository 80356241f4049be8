"""What can go wrong with a backup."""


class BackupError(RuntimeError):
    """The backup cannot be made, checked or restored; the text says where, why and what to do."""
