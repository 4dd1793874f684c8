"""The stack's parts as fixtures. Each is started when a test first asks for it."""
