"""What Portero does: one folder per feature, one vocabulary of files in each.

Owns every rule and every table. Owns no URL, no template, no socket, no clock: time, chance and
the outside world come in as arguments. Faces (web, cli) call the verbs in `flows.py`.
"""
