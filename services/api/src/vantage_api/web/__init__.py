"""The gateway over HTTP: routes, answers, and how a refusal looks."""
