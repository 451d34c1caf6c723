"""How far a step has come, for whoever watches."""
