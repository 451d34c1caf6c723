"""What the result writers read, and the shapes that several of them share."""
