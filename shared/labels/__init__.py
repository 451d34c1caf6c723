"""Labels in and out: one form inside, and the formats that labelling tools read and write."""
