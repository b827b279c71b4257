"""Between processes of ours on one database: requests about a call go to the process that holds it."""
