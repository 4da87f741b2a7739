"""The official plug-in for oss2, on top of kmsramcred."""
