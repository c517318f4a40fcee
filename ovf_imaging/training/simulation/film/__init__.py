"""Radiographs of a patient: an exposure is drawn, the patient projected, the detector's picture shown."""
