// How this instance is, in a word, for whoever stands before the door.

const state = document.getElementById("boot-state");

try {
  const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(4000) });
  const { status, services } = await answer.json();
  const unwell = Object.keys(services).filter((name) => !services[name].ok);
  state.dataset.state = status !== "ready" ? "bad" : unwell.length ? "warn" : "good";
  state.textContent = unwell.length ? `${status}, without ${unwell.join(", ")}` : `This instance is ${status}`;
} catch {
  state.dataset.state = "bad";
  state.textContent = "No answer at the moment";
}
