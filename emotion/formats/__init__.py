"""Files of other programs: OpenFace and py-feat tables, ELAN annotations. Read and written, never run."""
