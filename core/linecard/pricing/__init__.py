"""What calls cost: price lists that are written down, and the accounts side by side."""
