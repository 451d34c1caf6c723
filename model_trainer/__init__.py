"""Trains models on labels and measures them beside those that they would replace."""
