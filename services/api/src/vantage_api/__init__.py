"""The gateway: who may see what, and the record of it."""
