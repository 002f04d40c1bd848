"""What a terminal downloads, as it travels and as data: parameters, keys, lists. What host and terminal share."""
