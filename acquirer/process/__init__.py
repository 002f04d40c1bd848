"""Child processes, and the one way to start them and talk to them."""
