"""Simulation: host and terminals in virtual time, on a network and a store that fail, judged by what must always hold.

1. A plan (`plan`) is drawn from a seed alone: what terminals do, and what goes wrong when. Parts of it may be left out
   without changing the others, so a failure can be shrunk.
2. `world` runs it: the real host and terminal cores and the real store over SQLite in memory, on a `timeline` that
   never waits. What happened is a `History`.
3. Checkers (`checkers`) are functions of that history, each with a name; they know nothing of how it came about.
"""
