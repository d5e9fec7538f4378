"""The authorizer's desk client: a program of its own that only exchanges messages."""

__all__: tuple[str, ...] = ()
