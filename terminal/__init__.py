"""The terminal runtime: what runs on the tablet that a teller carries to the village."""

__all__: tuple[str, ...] = ()
