/* Recovery codes can be printed and copied. Without scripts there are the file, and the browser's own
   ways. */
export function mount(root) {
  const print = root.querySelector("button[data-print]");
  const copy = root.querySelector("button[data-copy]");
  if (!print || !copy) return;
  print.hidden = false;
  print.addEventListener("click", () => print.ownerDocument.defaultView.print());
  // Only where the page came over https or from this machine.
  if (!navigator.clipboard) return;
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    const codes = [...root.querySelectorAll("[data-codes] code")].map((each) => each.textContent);
    await navigator.clipboard.writeText(codes.join("\n"));
    copy.textContent = copy.dataset.copy;
    root.querySelector("[data-copied]").textContent = copy.dataset.copy;
  });
}

mount(document);
