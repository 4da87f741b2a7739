"""Making clients by way of a manager."""

from __future__ import annotations

import weakref
from typing import Any

from kmsramcred.acs import ProxyAcsClient


class SecretsManagerSdkCorePluginManager:
    """Makes and closes clients; everything is a class method."""

    #: What `get_acs_client` makes.
    ProxyDefaultSdkCoreClient = ProxyAcsClient

    _ak_expire_handler: Any = None
    _made: weakref.WeakSet[ProxyAcsClient] = weakref.WeakSet()

    @classmethod
    def get_acs_client(
        cls,
        secret_name: str,
        region_id: str = "cn-hangzhou",
        auto_retry: bool = True,
        max_retry_time: int | None = None,
        user_agent: str | None = None,
        port: int = 80,
        connect_timeout: float | None = None,
        timeout: float | None = None,
        public_key_id: str | None = None,
        private_key: str | None = None,
        session_period: int = 3600,
        debug: bool = False,
        verify: Any = None,
        ak_expire_handler: Any = None,
        default_client: Any = None,
    ) -> ProxyAcsClient:
        """A client for a secret. A ``default_client`` that exists cannot be taught to survive a rotation."""
        if default_client is not None:
            raise TypeError("get_acs_client(default_client=...) is not supported. Use the client that it returns.")
        client = ProxyAcsClient(
            secret_name,
            cls._ak_expire_handler if ak_expire_handler is None else ak_expire_handler,
            region_id=region_id,
            auto_retry=auto_retry,
            max_retry_time=max_retry_time,
            user_agent=user_agent,
            port=port,
            connect_timeout=connect_timeout,
            timeout=timeout,
            public_key_id=public_key_id,
            private_key=private_key,
            session_period=session_period,
            debug=debug,
            verify=verify,
        )
        cls._made.add(client)
        return client

    @classmethod
    def set_ak_expire_handler(cls, ak_expire_handler: Any) -> None:
        """The handler of clients that are made from now on without one of their own."""
        cls._ak_expire_handler = ak_expire_handler

    @classmethod
    def close_client(cls, client: Any, secret_name: str) -> None:
        """Ends one client, and no other."""
        client.shutdown()
        cls._made.discard(client)

    @classmethod
    def destroy(cls) -> None:
        """Ends all clients that this manager has made."""
        while cls._made:
            cls._made.pop().shutdown()
