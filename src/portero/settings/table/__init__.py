"""The rows of the table of settings, in parts. Each part is made on the one before it, in the order
in which the reference prints them: a default may follow from any row above."""
