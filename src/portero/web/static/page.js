/* What the forms of every page have: passwords that can be shown, a word about caps lock, and no
   second post from a second click. Without scripts the forms work as they are. */
const DOUBLE_CLICK_MS = 2000;

export function mount(root) {
  for (const button of root.querySelectorAll("button[data-reveal]")) reveal(root, button);
  for (const hint of root.querySelectorAll("[data-caps-hint]")) caps(root, hint);
  for (const form of root.querySelectorAll("form[method=post]")) once(form);
  // Where the menu of the account is a row that scrolls, this page's entry is in sight.
  root.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

function reveal(root, button) {
  const field = root.getElementById(button.dataset.reveal);
  button.hidden = false;
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => {
    show(field.type === "password");
    field.focus();
  });
  // A browser offers to keep what was typed into a field of the other kind as plain text.
  field.form?.addEventListener("submit", () => show(false));
}

function caps(root, hint) {
  const field = root.getElementById(hint.dataset.capsHint);
  const look = (event) => {
    hint.hidden = !event.getModifierState?.("CapsLock");
  };
  field.addEventListener("keydown", look);
  field.addEventListener("keyup", look);
  field.addEventListener("blur", () => {
    hint.hidden = true;
  });
}

function once(form) {
  let sent = -DOUBLE_CLICK_MS;
  form.addEventListener("submit", (event) => {
    if (event.timeStamp - sent < DOUBLE_CLICK_MS) event.preventDefault();
    // Only when every other listener has let it go.
    else setTimeout(() => { if (!event.defaultPrevented) sent = event.timeStamp; });
  });
}

mount(document);
