"""The net: sockets, frames in, frames out, and every limit that keeps one peer from hurting another."""
