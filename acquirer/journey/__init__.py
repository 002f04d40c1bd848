"""Journeys: a terminal's day as a readable file of steps, each with what is expected of it.

1. A journey is read whole before anything is sent (`reading`); what it says becomes data (`journey`).
2. What can be expected is what conditions ask everywhere (`acquirer.matcher`): of an operation, of the journal, of the
   books, of what the terminal owes.
3. A fault of the terminal's side is put around its program (`terminal_faults`); the terminal knows nothing of it.

`acquirer.app.journeys` runs them.
"""
