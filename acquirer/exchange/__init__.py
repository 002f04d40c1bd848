"""What host and terminal share: effects and their results, symbolic reasons, rows of state."""
