"""What the custodian decides: pure, without I/O and without a clock of its own."""
