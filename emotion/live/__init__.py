"""One camera as it happens: read frames, follow the expected person, settle a state, close seconds."""
