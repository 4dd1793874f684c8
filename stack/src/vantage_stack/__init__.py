"""The local stack: real parts on loopback, for demo, tests and benchmarks alike."""
