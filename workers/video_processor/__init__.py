"""A file becomes a sound video: download, validate, transcode, plan."""
