"""OAuth 2 as values: what a client may register, and which redirect URI is which.

Pure: JSON and texts in, frozen values or a refusal out. Who may register, where it is stored and
what is fetched (jwks_uri, sector_identifier_uri) are other rooms' matters.
"""
