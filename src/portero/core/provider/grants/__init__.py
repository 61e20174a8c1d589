"""One module per way to be given tokens. Each ends at `issuing`."""
