"""Assistants ask over the Model Context Protocol: by fixed tools, each of which is one trusted document."""
