"""The common part of the official plug-ins, on top of kmsramcred."""
