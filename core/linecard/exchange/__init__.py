"""The life of a call on our side: from the carrier's request to the agent and back."""
