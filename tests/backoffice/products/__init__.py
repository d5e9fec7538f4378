"""What only one product has: its own rules, told on dossiers."""
