"""Login: from "somebody is here" to a session, and the ways to get back in.

Owns the interactions (sign-ins under way), the one rule of what a sign-in still owes, sign-up,
recovery and the change of a password. Ends at a session: tokens are `core/provider`'s. Pages and
JSON API are two faces of these verbs, so that no gate is in one and forgotten in the other.
"""
