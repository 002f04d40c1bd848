"""Reports of runs: for people a page, for programs JSON, CSV and JUnit."""
