"""The journal: every exchange as evidence, masked, with its reason in words."""
