"""HTTP: one door for every language. What a client asks here, `acquirer.app` does, as it does for a test in process.

FastAPI and uvicorn are those of the extra ``http``; ``acquirer serve --http`` imports them, and nothing else does. They
share the loop of the host.
"""
