"""The custodian of the keys under which objects are encrypted."""
