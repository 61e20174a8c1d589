"""What exists while developing only, for a browser on this machine: the style guide, a client that
shows what it receives, and the mails that were written to files.

Development is decided once, in settings. These pages speak English to developers.
"""
