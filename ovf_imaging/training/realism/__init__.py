"""How far simulated pictures are from real ones: crops of both, figures, and a classifier that tells them apart."""
