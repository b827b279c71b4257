"""A pod: a process that carries the audio and the agent of one call, and has no secrets of the server's."""
