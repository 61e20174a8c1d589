"""Benchmarks: what Portero costs, as ratios against a floor that ran beside it.

Bare numbers age with the machine; a ratio to the least work that could be done, measured in the
same minutes on the same cores, does not. One file per question, the floors in `floors/`, results
as JSON in `results/`. `python -m benchmarks [NAME ...]`, or `make bench`.
"""
