"""Pictures out to people who label them, and what they said back: a port and its adapters."""
