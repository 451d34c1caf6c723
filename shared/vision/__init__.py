"""Decode, letterbox, postprocess, draw: numpy in, numpy out."""
