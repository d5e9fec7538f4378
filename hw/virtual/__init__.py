"""The virtual toolbox: the far ends of all lines, and the people who use them.

Start with `hw.virtual.kit`, which joins them; the PIN pad also runs as a program of its own
(`python -m hw.virtual.pin_pad`), so nothing is imported here on its behalf.
"""

__all__: list[str] = []
