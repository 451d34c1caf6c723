"""The workers: the video chain, one room for each kind of step."""
