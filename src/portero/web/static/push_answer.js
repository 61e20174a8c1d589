/* The page that a message opens: its secret stands behind the #, which no server and no log sees. It
   is taken out of the address, and sent with the form. */
export function mount(root) {
  const form = root.querySelector("form[data-push-secret]");
  const secret = location.hash.slice(1);
  root.querySelector("[data-push-none]").hidden = Boolean(secret);
  root.querySelector("[data-push-opening]").hidden = !secret;
  if (!secret) return;
  history.replaceState(null, "", location.pathname);
  form.elements.secret.value = secret;
  form.requestSubmit();
}

mount(document);
window.addEventListener("hashchange", () => mount(document));
