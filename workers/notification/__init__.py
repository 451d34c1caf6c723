"""Tells people what happened: hears events, writes what is to be said, and says it."""
