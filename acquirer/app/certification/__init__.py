"""Certifications run: cases prepared, a person or a program led through them, every case judged and kept.

The host is opened by who runs it (`acquirer.cli`, over `acquirer.testing`): this room does not know how one is started.
"""
