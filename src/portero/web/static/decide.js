/* Passes over what is pressed just after the window came to the front: the second half of a double
   click whose first half closed a window of somebody else's above this one. */
const TOO_SOON_MS = 500;

export function mount(root) {
  let shown = -TOO_SOON_MS;
  window.addEventListener("focus", (event) => {
    shown = event.timeStamp;
  });
  for (const form of root.querySelectorAll("form[data-decide]")) {
    form.addEventListener("submit", (event) => {
      if (event.timeStamp - shown < TOO_SOON_MS) event.preventDefault();
    });
  }
}

mount(document);
