"""Whoever talks to the office over the wire: devices, their sessions, and what they may ask."""

__all__: list[str] = []
