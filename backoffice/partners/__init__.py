"""What stands behind the office, each behind a port: core banking, the population register."""

__all__: list[str] = []
