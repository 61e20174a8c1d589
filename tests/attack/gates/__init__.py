"""The ways to a session and to tokens, and the gates that each of them has to be shut by."""
