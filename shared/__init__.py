"""What every room of Trackloop stands on; see docs/architecture.md for the direction of imports."""
