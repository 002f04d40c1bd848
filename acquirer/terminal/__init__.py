"""A POS terminal, sans IO: what it asks, what it makes of the answers, and what it must never forget.

It knows a dialect and its own keys, and nothing of the host it talks to.
"""
