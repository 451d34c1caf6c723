"""People correct what a model found: which frames they see, what is asked of them."""
