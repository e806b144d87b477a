"""The torture harness: breaks things under a running ingester and counts what it lost."""
