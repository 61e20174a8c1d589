"""What exists while developing only, for a browser on this machine: the style guide.

Development is decided once, in settings. Its pages speak English to developers.
"""
