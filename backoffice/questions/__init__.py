"""What several products ask and how the answers are read: shared questions, households, scores."""

__all__: list[str] = []
