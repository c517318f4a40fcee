"""Data, losses, training and evaluation of the networks; nothing in the product imports it."""
