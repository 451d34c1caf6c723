"""Where artefacts lie (`paths`), how they appear (`files`), and their columns (`columns`)."""
