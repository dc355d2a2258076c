"""Listening sockets: what a process does with one holds for all processes that share it."""

import os
import socket
import threading

import pytest

from gateway.serving.sockets import duplicate_listener, inherit_socket, listen


def _inherited() -> socket.socket:
    parent = socket.create_server(("127.0.0.1", 0))
    return inherit_socket(parent.detach())


@pytest.mark.parametrize("opened", [lambda: listen("127.0.0.1", 0), _inherited])
def test_a_worker_that_starts_blocks_no_other(opened):
    """The socket blocks at no time while it is duplicated, as a worker does that starts beside those that accept."""
    duplicated = threading.Event()
    seen = set()
    with opened() as listener:

        def watch():
            while not duplicated.is_set():
                seen.add(os.get_blocking(listener.fileno()))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for _ in range(200):
                for duplicate in duplicate_listener(listener):
                    duplicate.close()
        finally:
            duplicated.set()
            watcher.join()
    assert seen == {False}
