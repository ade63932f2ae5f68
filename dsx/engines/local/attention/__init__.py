"""One forward pass of many rows: where their keys stand, what is packed into it, which attention, on which devices."""
