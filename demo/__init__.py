"""A synthetic pet hotel: two or more cameras, people, cats and dogs, and exact ground truth.

Lengths are metres on the floor (x to the right, y away from the cameras, z up) and pixels in
the image (u to the right, v down, origin at the top left). Colours are RGB, 0 to 255.
"""
