"""Tracks become files that people and programs can use, one step an artefact."""
