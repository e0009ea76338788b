"""Everything that uses Tornado: operations, streams, the proxy and the OpenAPI document."""
