"""How a deployment lets its own user in: the key of a start, the file that commands read."""
