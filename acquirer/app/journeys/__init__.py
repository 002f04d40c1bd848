"""Journeys run: read against the files they name (`prepare`), then step after step (`runner`).

The host that a journey tests is opened by who runs it, as `acquirer.testing.running_host` opens one (`host`).
"""
