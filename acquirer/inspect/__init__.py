"""Tools that say what bytes are: captures, guesses, explanations. No exchange needs them."""
