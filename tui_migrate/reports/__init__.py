"""Reports: findings and totals, made ready to be read."""
