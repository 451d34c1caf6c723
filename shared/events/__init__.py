"""What rooms tell each other: past-tense facts, frozen, versioned, small; see docs/events.md."""
