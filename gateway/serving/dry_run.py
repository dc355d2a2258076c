"""Try a configuration in a process of its own, so that neither the master nor a worker suffers from what it does."""

import asyncio
import os
import signal
import socket

import msgspec

from connectors.errors import ConfigurationError
from gateway.app import create_services
from gateway.replay.modes import begin_recording, substitute
from gateway.serving.child_processes import Children
from gateway.serving.configuration import Configuration

MAX_CHECK_S = 30
"""How long it may take. The system ends the process of one that hangs, also when its master has ended."""


async def find_problems(children: Children, configuration: Configuration) -> list[str]:
    """Find all problems of the settings of sources, of the store and of the tags. No source is asked.

    The first configuration of a recording makes its folder, too.
    """
    own, other = socket.socketpair()
    pid, end = children.fork(lambda: _report_problems(configuration, other), [other.fileno()])
    other.close()
    try:
        reader, writer = await asyncio.open_unix_connection(sock=own)
        content = await reader.read()
        writer.close()
        code = await asyncio.shield(end)
    finally:
        if not end.done():  # nobody waits any more
            os.kill(pid, signal.SIGKILL)
    if code == -signal.SIGALRM:
        return [f"the settings were not checked within {MAX_CHECK_S} seconds; correct the source that hangs when it is made"]
    if code:
        return [f"the process that checks the settings ended with {code}; the log has more"]
    return msgspec.json.decode(content, type=list[str])


def _report_problems(configuration: Configuration, other: socket.socket) -> int:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(MAX_CHECK_S)
    other.sendall(msgspec.json.encode(_list_problems(configuration)))
    return 0


def _list_problems(configuration: Configuration) -> list[str]:
    try:
        if configuration.revision == 1:
            begin_recording(configuration.settings, configuration.traffic)
        served = substitute(configuration.settings, configuration.traffic)
        create_services(
            served.settings, connectors=served.connectors, tags=configuration.tags, documents=configuration.documents
        )
    except ConfigurationError as error:
        return list(error.problems)
    except OSError as error:
        return [f"{error.filename or 'a file'}: {error.strerror}"]
    return []
