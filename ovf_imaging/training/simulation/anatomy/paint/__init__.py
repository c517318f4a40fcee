"""The patient painted on a grid: background first, then discs and canal, then bone."""
