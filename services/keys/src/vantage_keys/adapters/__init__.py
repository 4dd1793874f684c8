"""The outside world of the custodian: its folder, its callers' tokens, the audit log."""
