"""Load: machines driven at scale against any host, and what came of it in figures."""
