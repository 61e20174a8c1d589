/* The service worker of devices on which sign-ins are approved. It shows what a message says, and
   opens the page that asks; it sees no page and keeps nothing. */
self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  const told = event.data?.json();
  if (!told) return;
  // A newer message takes the place of the one before.
  const shown = { body: told.body, tag: "portero", renotify: true, requireInteraction: true, data: told.secret };
  event.waitUntil(self.registration.showNotification(told.title, shown));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const page = new URL("answer", self.registration.scope);
  page.hash = event.notification.data;
  event.waitUntil(self.clients.openWindow(page.href));
});
