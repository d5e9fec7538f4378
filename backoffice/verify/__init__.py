"""Whether an office's database still proves what the office once promised."""

__all__: list[str] = []
