"""What an operator sees while a host runs: one line per exchange, events, and counters at the end."""
