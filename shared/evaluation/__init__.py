"""How good a detector is, and whether it is better than another one."""
