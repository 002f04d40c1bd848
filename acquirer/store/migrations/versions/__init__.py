"""The steps. Once released, a step is never changed: the next one goes into a new file."""
