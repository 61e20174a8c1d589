"""The JSON API of first-party applications: register, log in, refresh, and everything about `me`.

Owns its URLs, the shapes of bodies and answers, and the OpenAPI document that is made from them.
No rule: each route calls one verb of core.
"""
