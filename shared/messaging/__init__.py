"""From commit to message and back: outbox relay, event consumer, reconciler."""
