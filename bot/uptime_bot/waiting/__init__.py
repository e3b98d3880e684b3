"""Waiting out what passes: backoff, the board of what is waited for, and waking at once when it is over."""
