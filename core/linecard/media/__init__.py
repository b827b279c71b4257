"""Audio: formats, codecs, the stream session and what it needs."""
