"""How our own network was trained: data, augmentation, backbone, loop, calibration, export. Needs torch."""
