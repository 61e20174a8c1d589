"""What the specs say, as pure functions: parse, check, build.

No clock, no randomness, no socket, no SQL, no Flask: time and chance are arguments.
"""
