"""What managers see: a projection of cases by day, and the figures counted from it."""

__all__: list[str] = []
