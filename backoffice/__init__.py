"""The back office: cases, authorization, the core bank, and the desk client."""

__all__: tuple[str, ...] = ()
