"""Fit, forward and export: what needs torch, asked for from code that has none (ADR 30)."""
