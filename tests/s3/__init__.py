"""An object storage on loopback that speaks as much of S3's protocol as a client of files needs, and checks every request."""
