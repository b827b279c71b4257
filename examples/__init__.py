"""Voice agents and a plugin, as the documentation shows them; the tests run every one of them."""
