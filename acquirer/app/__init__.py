"""The one place that knows everything: net, store, observe, settings and the machines, tied together."""
