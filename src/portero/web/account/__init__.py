"""What a signed-in person sees of the own account."""
