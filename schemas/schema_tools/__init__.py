"""From the topics' YAML and the SDK's structs to JSON Schema, AsyncAPI and the check that no reader is broken."""
