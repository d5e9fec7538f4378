"""Stories of the whole bank, end to end on virtual time."""
