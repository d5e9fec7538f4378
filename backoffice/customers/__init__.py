"""What the bank learns about a person: one record each, tags, tiers, recommendations, feeds."""

__all__: list[str] = []
