"""`koers up` that cannot run says why."""

from __future__ import annotations

import socket

import pytest

from pipelines.settings import Home, Settings
from pipelines.up import HOST, UpError, up


def test_a_port_that_is_taken_is_named(koers_home: Home) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UpError, match=f"port {port} is in use"):
            up(koers_home, Settings(), port=port, say=lambda _: None)
    assert not koers_home.root.exists(), "nothing was begun"
