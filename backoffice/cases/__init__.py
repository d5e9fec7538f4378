"""The business case: its rules, its events, its record, and what others see of it."""

__all__: list[str] = []
