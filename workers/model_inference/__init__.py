"""A sound video becomes tracks: detect, track."""
