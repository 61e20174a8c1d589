/* Sends the form of a page that exists only to be sent. Without scripts there is its button. */
export function mount(root) {
  root.querySelector("form[data-submit]")?.submit();
}

mount(document);
