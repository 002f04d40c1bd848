"""The issuer behind the host: a table of test cards, and its decisions."""
