"""All that speaks Tornado: one handler for every operation, streams, and the OpenAPI document."""
