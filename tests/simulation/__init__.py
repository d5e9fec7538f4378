"""A whole bank under seeded faults, run after run: `python -m tests.simulation`."""
