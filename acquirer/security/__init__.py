"""Payments cryptography: secrets, ciphers, MACs, PIN blocks, tracks, key packages, and the vault that seals keys.

Clear keys never leave this package. Randomness is handed in, nothing here reads a clock, a file or a log.
"""
