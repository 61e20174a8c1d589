"""The protocol endpoints: form, headers and query into a value, call core, render. No rule."""
