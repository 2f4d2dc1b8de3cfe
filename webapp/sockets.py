"""Every websocket address of the site."""

from webapp.analysis.urls import websocket_urlpatterns

__all__ = ["websocket_urlpatterns"]
