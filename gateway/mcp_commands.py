"""The command `profile-gateway mcp`."""

from __future__ import annotations

from gateway.terminal import problems_shown


def serve_assistant() -> None:
    """Serve the tools of a running gateway to one assistant, over MCP on standard input and output.

    PROFILE_GATEWAY_URL names the gateway, PROFILE_GATEWAY_KEY is its caller's key, PROFILE_GATEWAY_PURPOSE what is asked for.
    """
    import asyncio
    from importlib.util import find_spec

    from connectors.errors import ConfigurationError
    from gateway.settings.settings import environment_variables

    with problems_shown():
        if find_spec("mcp") is None:
            raise ConfigurationError(["mcp: assistants need an extra; install customer-profile-gateway[mcp]"])
        from gateway.mcp.stdio_relay import read_access, relay_tools

        asyncio.run(relay_tools(read_access(environment_variables())))
