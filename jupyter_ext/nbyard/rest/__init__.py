"""Everything that uses Tornado: operation handlers, streams and the OpenAPI document."""
