/* Approval on another device: sets up the browser that the page is open in, and goes on by itself
   when a message was answered. Where a browser can't, the form stays out of sight. */
const POLL_MS = 2000;

export function mount(root) {
  for (const form of root.querySelectorAll("form[data-push-waits]")) wait(form);
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  for (const told of root.querySelectorAll("[data-push-unable]")) told.hidden = able;
  if (able) for (const form of root.querySelectorAll("form[data-push-key]")) offer(form);
}

function offer(form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    subscribe(form);
  });
}

async function subscribe(form) {
  const { pushWorker: worker, pushScope: scope, pushKey: key } = form.dataset;
  const refused = form.querySelector("[data-refused]");
  const failed = form.querySelector("[data-failed]");
  refused.hidden = failed.hidden = true;
  try {
    if ((await Notification.requestPermission()) !== "granted") {
      refused.hidden = false;
      return;
    }
    const registration = await navigator.serviceWorker.register(worker, { scope });
    await active(registration);
    form.elements.credential.value = JSON.stringify(await subscribed(registration.pushManager, key));
    form.requestSubmit();
  } catch {
    failed.hidden = false;
  }
}

/* The one that the browser has stays: another account may be asked by it. */
async function subscribed(manager, key) {
  const asked = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await manager.subscribe(asked);
  } catch (error) {
    if (error.name !== "InvalidStateError") throw error;
    // It is for another key, and worth nothing.
    await (await manager.getSubscription())?.unsubscribe();
    return manager.subscribe(asked);
  }
}

function active(registration) {
  const made = registration.installing ?? registration.waiting;
  if (registration.active || !made) return null;
  return new Promise((resolve, reject) => {
    made.addEventListener("statechange", () => {
      if (made.state === "activated") resolve();
      if (made.state === "redundant") reject(new Error(made.state));
    });
  });
}

async function wait(form) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const told = await ask(form);
    if (told && !told.waiting) break;
  }
  form.requestSubmit();
}

/* How it stands; nothing where nobody could say. */
async function ask(form) {
  try {
    const answer = await fetch(form.dataset.pushWaits, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    return answer.ok && !answer.redirected ? await answer.json() : { waiting: false };
  } catch {
    return null;
  }
}

mount(document);
