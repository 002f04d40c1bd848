"""One file per service: what a host does about one kind of request."""
