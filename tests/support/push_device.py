"""A browser that takes messages: our page, our service worker and our local push service, joined by
Chromium itself. Only the way between the service and the browser is ours, because Chromium's own
goes by Google: what the service has decrypted is delivered by the DevTools protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.push_service import Arrived, Browser, PushService

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

_WAITS = 200
_PAUSE_MS = 50
# Subscribing is the push service's, so it answers; what the page asks for is the page's own.
_SUBSCRIBE = """
PushManager.prototype.subscribe = async (asked) => {
  if (!asked.userVisibleOnly) throw new Error("silent messages");
  return window.subscribeAtTheService(asked.applicationServerKey);
};
"""


@dataclass
class PushDevice:
    """`page` is where it was set up; `browsers` are its subscriptions, the newest last."""

    page: Page
    session: CDPSession
    origin: str
    registrations: dict[str, str] = field(default_factory=dict)
    browsers: list[Browser] = field(default_factory=list)
    seen: int = 0

    def message(self) -> Arrived:
        """The next message, once it has come to the service."""
        for _ in range(_WAITS):
            if self.browsers and len(self.browsers[-1].arrived) > self.seen:
                self.seen += 1
                return self.browsers[-1].arrived[self.seen - 1]
            self.page.wait_for_timeout(_PAUSE_MS)  # the outbox is another process's
        raise AssertionError("no message came to the push service")

    def deliver(self, message: Arrived, text: str) -> dict[str, Any]:
        """To the service worker; the notification that it shows."""
        scope = f"{self.origin}/push/"
        self.session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self.origin, "registrationId": self.registrations[scope], "data": text},
        )
        for _ in range(_WAITS):
            shown = self.page.evaluate(
                "async () => { const r = await navigator.serviceWorker.getRegistration('/push/');"
                " return (await r.getNotifications()).map(({ title, body, tag, data }) =>"
                " ({ title, body, tag, data })); }"
            )
            fresh = [each for each in shown if each["data"] == message.secret]
            if fresh:
                return dict(fresh[0])
            self.page.wait_for_timeout(_PAUSE_MS)
        raise AssertionError("no notification was shown")

    def click(self) -> str:
        """The address that the worker opens when its notification is clicked."""
        (worker,) = self.page.context.service_workers
        # Only a real click may open a window, and nobody can click on a headless desktop.
        return str(
            worker.evaluate(
                "async () => {"
                " let opened = '';"
                " Object.defineProperty(self.clients, 'openWindow',"
                "   { configurable: true, value: async (url) => { opened = url; } });"
                " const [notification] = await self.registration.getNotifications();"
                " self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));"
                " return opened; }"
            )
        )


@contextmanager
def push_device(page: Page, service: PushService, origin: str) -> Iterator[PushDevice]:
    """That page's browser: notifications are allowed, and it subscribes at the local service."""
    context = page.context
    context.grant_permissions(["notifications"], origin=origin)
    session = context.new_cdp_session(page)
    device = PushDevice(page, session, origin)

    def subscribe(key: str) -> dict[str, Any]:
        # A browser has one subscription for a worker, and tells of the same one again.
        if not device.browsers:
            device.browsers.append(service.browser(key))
        return device.browsers[-1].subscription()

    def note(told: dict[str, Any]) -> None:
        for each in told["registrations"]:
            device.registrations[each["scopeURL"]] = each["registrationId"]

    context.expose_function("subscribeAtTheService", subscribe)
    context.add_init_script(_SUBSCRIBE)
    session.on("ServiceWorker.workerRegistrationUpdated", note)
    session.send("ServiceWorker.enable")
    yield device
    session.detach()
