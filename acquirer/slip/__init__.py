"""The slip: what a terminal prints for a sale, as plain text of one paper width."""
