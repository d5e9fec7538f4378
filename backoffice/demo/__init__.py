"""`backpack demo`: a whole bank on this machine, as the separate processes it consists of."""

__all__: list[str] = []
