"""The confirmation slip: built, printed, countersigned."""

__all__: list[str] = []
