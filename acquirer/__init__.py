"""An acquirer's host for POS terminals, and a terminal to talk to it."""

__version__ = "0.2.0"
