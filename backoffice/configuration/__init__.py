"""Every number that a bank may change: its sections, its file, its bounds, its text."""

__all__: list[str] = []
