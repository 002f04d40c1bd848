"""Faults as data and pure functions: which kinds exist, when one matches, and what it does to a reply."""
