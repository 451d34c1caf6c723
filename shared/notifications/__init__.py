"""Telling people: who wants to hear what, in which words, by which channel."""
