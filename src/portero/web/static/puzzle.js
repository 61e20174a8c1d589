/* Solves the puzzle of a form beside the person's typing, in a worker, and puts the solution into the
   form. Who is quicker than the puzzle waits for it: the form then goes off by itself. */
export function mount(root) {
  for (const box of root.querySelectorAll("[data-puzzle]")) begin(box);
}

function begin(box) {
  const form = box.closest("form");
  const puzzle = JSON.parse(box.dataset.puzzle);
  const bar = box.querySelector("progress");
  const worker = new Worker(box.dataset.worker, { type: "module" });
  let waits = false, by = null;
  const hold = (event) => {
    event.preventDefault();
    [waits, by] = [true, event.submitter];
    box.dataset.state = "awaited";
  };
  // The form has what it needs: it may go, or goes now.
  const end = (state, answer) => {
    form.elements.challenge.value = answer;
    box.dataset.state = state;
    worker.terminate();
    form.removeEventListener("submit", hold);
    if (waits && state === "solved") form.requestSubmit(by);
  };
  form.addEventListener("submit", hold);
  worker.addEventListener("message", ({ data }) => {
    if (data.done !== undefined) bar.value = data.done;
    if (data.failed) end("failed", box.dataset.ticket);
    if (data.solution === undefined) return;
    bar.value = 1;
    end("solved", btoa(JSON.stringify({ challenge: puzzle, solution: data.solution })));
  });
  // A browser that can't compute waits as one without scripts does.
  worker.addEventListener("error", () => end("failed", box.dataset.ticket));
  box.hidden = false;
  worker.postMessage(puzzle.parameters);
}

mount(document);
