"""Every websocket address of the site."""

from webapp.analysis.urls import websocket_urlpatterns as analysis_sockets
from webapp.live.urls import websocket_urlpatterns as live_sockets

websocket_urlpatterns = [*analysis_sockets, *live_sockets]
