"""How every test of this house runs: no property is held to a time, on any machine."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
