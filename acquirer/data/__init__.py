"""Data files: TOML text that remembers its line numbers, and errors that say where, what and what to do."""
