"""OpenID Connect over OAuth: claims, ID tokens, logout. Pure, like all of `protocol`."""
