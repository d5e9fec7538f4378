"""How much authorization a case needs, and the queue in which it waits for it."""

__all__: list[str] = []
