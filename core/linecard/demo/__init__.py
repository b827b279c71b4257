"""The demo: two whole calls over a simulated carrier, told live, checked, and kept as sound and page."""
