"""Files and environment: settings of a host, registered terminals, test cards, a terminal's state, shipped data."""
