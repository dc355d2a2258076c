"""Try a configuration in a process of its own, so that neither the master nor a worker suffers from what it does."""

import asyncio
import socket

import msgspec

from connectors.errors import ConfigurationError
from gateway.app import create_services
from gateway.replay.modes import begin_recording, substitute
from gateway.serving.child_processes import Children
from gateway.serving.configuration import Configuration


async def find_problems(children: Children, configuration: Configuration) -> list[str]:
    """Find all problems of the settings of sources, of the store and of the tags. No source is asked.

    The first configuration of a recording makes its folder, too.
    """
    own, other = socket.socketpair()
    _, end = children.fork(lambda: _report_problems(configuration, other), [other.fileno()])
    other.close()
    reader, writer = await asyncio.open_unix_connection(sock=own)
    content = await reader.read()
    writer.close()
    if await end:
        return [f"the process that checks the settings ended with {await end}; the log has more"]
    return msgspec.json.decode(content, type=list[str])


def _report_problems(configuration: Configuration, other: socket.socket) -> int:
    other.sendall(msgspec.json.encode(_list_problems(configuration)))
    return 0


def _list_problems(configuration: Configuration) -> list[str]:
    try:
        if configuration.revision == 1:
            begin_recording(configuration.settings, configuration.traffic)
        served = substitute(configuration.settings, configuration.traffic)
        create_services(served.settings, connectors=served.connectors, tags=configuration.tags)
    except ConfigurationError as error:
        return list(error.problems)
    except OSError as error:
        return [f"{error.filename or 'a file'}: {error.strerror}"]
    return []
