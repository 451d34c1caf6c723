"""Builders of real things for tests."""
