"""Load: machines driven at scale against any host, and figures of what that showed."""
