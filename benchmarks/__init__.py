"""What the media path costs, measured: `make bench`."""
