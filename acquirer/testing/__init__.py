"""For tests, ours and other people's: a ready host in the background, with its journal to assert on."""
