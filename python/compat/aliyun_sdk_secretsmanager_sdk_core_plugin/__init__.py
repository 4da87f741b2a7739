"""The official plug-in for aliyun-python-sdk-core, on top of kmsramcred."""
