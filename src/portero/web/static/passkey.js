/* Passkeys: asks the browser for one, or to make one, and sends what it signed with the form. Where a
   browser can't, the form stays out of sight and the other ways are left. */
const SPARE_MS = 60000;

export function mount(root) {
  for (const told of root.querySelectorAll("[data-signal]")) signal(told);
  if (!window.PublicKeyCredential) return;
  for (const form of root.querySelectorAll("form[data-passkey]")) offer(form);
}

function offer(form) {
  const state = { options: JSON.parse(form.dataset.options), waiting: null };
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    state.waiting?.abort();
    ask(form, state, {});
  });
  if (form.dataset.autofill !== undefined) autofill(form, state);
}

async function ask(form, state, more) {
  const failed = form.querySelector("[data-failed]");
  failed.hidden = true;
  try {
    const signed = form.dataset.passkey === "create" ? create(state.options) : get(state.options, more);
    form.elements.credential.value = JSON.stringify(await signed);
    keepSignedIn(form);
    form.requestSubmit();
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!more.mediation) failed.hidden = false;
    if (form.dataset.autofill !== undefined && !more.mediation) autofill(form, state);
  }
}

/* "Keep me signed in" stands in the form of the password. */
function keepSignedIn(form) {
  const ticked = document.querySelector("input[name=keep]:checked");
  if (ticked && !form.contains(ticked)) {
    const keep = Object.assign(document.createElement("input"), { type: "hidden", name: "keep", value: "on" });
    form.append(keep);
  }
}

/* Passkeys among what the browser offers in the field for the name, for as long as the page is open:
   a challenge that grows old is replaced. */
async function autofill(form, state) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  state.waiting = new AbortController();
  const { signal: ended } = state.waiting;
  const again = setTimeout(async () => {
    state.waiting.abort();
    const answer = await fetch(form.dataset.again, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    state.options = await answer.json();
    autofill(form, state);
  }, state.options.timeout - SPARE_MS);
  ended.addEventListener("abort", () => clearTimeout(again));
  ask(form, state, { mediation: "conditional", signal: ended });
}

async function get(options, more) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: options.allowCredentials.map(withBytes),
  };
  return asJson(await navigator.credentials.get({ publicKey, ...more }));
}

async function create(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? {
    ...options,
    challenge: bytes(options.challenge),
    user: withBytes(options.user),
    excludeCredentials: options.excludeCredentials.map(withBytes),
  };
  return asJson(await navigator.credentials.create({ publicKey }));
}

/* What `toJSON` makes, for browsers that have not learned it yet. */
function asJson(made) {
  if (made.toJSON) return made.toJSON();
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = text(made.response[name]);
  }
  if (made.response.getTransports) response.transports = made.response.getTransports();
  return { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} };
}

const withBytes = (each) => ({ ...each, id: bytes(each.id) });

function bytes(base64url) {
  const plain = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (char) => char.charCodeAt(0));
}

function text(buffer) {
  const plain = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return plain.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/* Tells the browser which passkeys are good (WebAuthn L3 §5.1.10), so that it offers no other. */
function signal(told) {
  const call = window.PublicKeyCredential?.[told.dataset.signal];
  call?.call(PublicKeyCredential, JSON.parse(told.dataset.details)).catch(() => {});
}

mount(document);
