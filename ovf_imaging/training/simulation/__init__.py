"""Patients drawn from meshes, CT and real images, and the films and MR volumes that would show them."""
