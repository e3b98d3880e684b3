"""The stand-in's own HTTP API, on a port of its own: faults, events, state and log."""
