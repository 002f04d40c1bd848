"""Rows of state, effects, reasons and evidence: what a host, its store and its journal share."""
