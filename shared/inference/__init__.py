"""Running models: the port, its adapters, and the models that can be run."""
