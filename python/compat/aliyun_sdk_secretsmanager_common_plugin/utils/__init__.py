"""The configuration file that a program names."""
