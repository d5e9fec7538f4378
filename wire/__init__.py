"""The wire: messages, forms, checks, Noise, sessions and doors; import the modules by name."""

__all__: tuple[str, ...] = ()
