"""What learned judges make of a completion."""
