"""Requests of ours to addresses that somebody else has named: none may lead into a private network.

`urls` says which addresses are taken at all, `public` where a name leads at the moment of the request.
"""
