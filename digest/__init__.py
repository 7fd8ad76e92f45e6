"""digest: the daily research-paper newsletter."""
