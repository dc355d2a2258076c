"""Where assistants ask."""

MCP_PATH = "/mcp"
