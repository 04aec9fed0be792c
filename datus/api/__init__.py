"""The HTTP API: routes, request and answer shapes, event streams, the server and its daemon."""
