// The queue as it is now: a row's state changes at once, the rest of the table soon after.

import { follow, seldom } from "/assets/live.js";
import { renew, say } from "/assets/requests.js";

const TONES = { draft: "plain", scheduled: "accent", publishing: "warn", published: "good", failed: "bad", paused: "warn", cancelled: "plain" };
const wish = seldom(renew);
const connection = document.getElementById("connection");

function show(change) {
  const row = document.querySelector(`tr[data-id="${change.content_id}"]`);
  const status = change.content?.status;
  if (!row || !status || row.dataset.state === status) return;
  row.dataset.state = status;
  const badge = row.querySelector("[data-status]");
  badge.textContent = status[0].toUpperCase() + status.slice(1);
  badge.dataset.tone = TONES[status] ?? "plain";
  badge.classList.toggle("busy", status === "publishing");
  row.classList.remove("fresh");
  void row.offsetWidth; // so that the animation begins anew
  row.classList.add("fresh");
  if (status === "published" || status === "failed") say(`${change.content.title}: ${status}`);
}

follow({
  changed(changes) {
    changes.forEach(show);
    wish();
  },
  missed: wish,
  state(kind, words) {
    connection.dataset.state = kind;
    if (connection.textContent !== words) connection.textContent = words;
  },
});
