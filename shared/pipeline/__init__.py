"""What a step is and how a table of steps is run."""
