"""From boxes to tracks: the port, its adapter, the MOTChallenge format, the metrics."""
