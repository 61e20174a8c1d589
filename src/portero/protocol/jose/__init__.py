"""JOSE: keys as JWK (RFC 7517), and signing a JWT (RFC 7515, 7519) over key objects.

Checking an access token is the guard's (`portero_guard.checks`), the one home of that rule.
"""
