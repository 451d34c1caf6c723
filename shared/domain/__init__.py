"""The nouns of tracking. No framework, no file, no network: dataclasses and numpy columns."""
