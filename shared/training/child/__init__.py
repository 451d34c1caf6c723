"""What runs in the child process: the only part of the product that imports torch."""
