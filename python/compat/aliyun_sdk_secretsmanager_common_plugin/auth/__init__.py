"""What the plug-in knows of an AccessKey."""
