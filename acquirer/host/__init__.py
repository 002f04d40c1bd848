"""The acquirer's host: what it decides about each request, and in which words it says why."""
