"""The lean lane: media sockets read and written by picows, inside the same server.

Imported only where picows is; plain ASGI (`linecard.http.media`) carries the sockets elsewhere.
"""
