// Moving in the calendar: by dragging, by Shift with arrows, by a dialog. What is moved is shown at once where it goes, and goes
// back, with the reason, if the studio refuses. The server reckons the time: it knows the zone's clock.

import { follow, seldom } from "/assets/live.js";
import { renew, say, send } from "/assets/requests.js";

const dialog = document.getElementById("move");
const notMoved = document.getElementById("not-moved");
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
let dragged = null;
let sending = 0;
let owed = false;

const dayOf = (node) => node.closest("[data-day]");
const dayNamed = (day) => document.querySelector(`[data-day="${day}"]`);

function put(event, day) {
  const list = day.querySelector(".events");
  const time = event.querySelector("time").textContent;
  const next = [...list.children].find((other) => other !== event && other.querySelector("time").textContent > time);
  list.insertBefore(event, next ?? null);
  for (const each of document.querySelectorAll("[data-day]")) each.classList.toggle("free", !each.querySelector(".event"));
}

async function move(event, day, time = "") {
  const before = dayOf(event);
  const target = dayNamed(day);
  const focused = event.contains(document.activeElement) ? document.activeElement : null;
  notMoved.hidden = true;
  event.classList.add("moving");
  if (target) put(event, target);
  focused?.focus();
  sending += 1;
  try {
    const moved = await send({ action: "/calendar/move", values: { content_id: event.dataset.id, day, time, seen: event.dataset.seen } });
    event.dataset.seen = moved.seen;
    event.querySelector("time").textContent = moved.time;
    event.querySelector("time").dateTime = moved.seen;
    const place = dayNamed(moved.day);
    if (place) put(event, place);
    else event.remove();
    if (place) focused?.focus();
    say(moved.words);
  } catch (error) {
    put(event, before);
    focused?.focus();
    notMoved.textContent = `“${event.dataset.title}” was not moved. ${error.message}`;
    notMoved.hidden = false;
  } finally {
    event.classList.remove("moving");
    sending -= 1;
    if (owed) wish();
  }
}

function shifted(day, by) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + by);
  return date.toISOString().slice(0, 10);
}

const main = document.getElementById("main");

main.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-movable]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.title);
  // A list that grows under the pointer would end the drag at once.
  setTimeout(() => document.querySelector(".days").classList.add("dragging"));
});

main.addEventListener("dragover", (event) => {
  const day = dragged && dayOf(event.target);
  mark(day);
  if (day) event.preventDefault();
});

main.addEventListener("drop", (event) => {
  const day = dragged && dayOf(event.target);
  if (!day) return;
  event.preventDefault();
  if (day !== dayOf(dragged)) move(dragged, day.dataset.day);
});

main.addEventListener("dragend", () => {
  dragged = null;
  mark(null);
  document.querySelector(".days").classList.remove("dragging");
  if (owed) wish();
});

function mark(day) {
  for (const each of document.querySelectorAll(".day.over")) if (each !== day) each.classList.remove("over");
  day?.classList.add("over");
}

main.addEventListener("keydown", (event) => {
  const moved = event.target.closest("[data-movable]");
  const by = STEPS[event.key];
  if (!moved || !by || !event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  if (!moved.classList.contains("moving")) move(moved, shifted(dayOf(moved).dataset.day, by));
});

main.addEventListener("click", (event) => {
  const link = event.target.closest("[data-move]");
  if (!link) return;
  event.preventDefault();
  const moved = link.closest(".event");
  const form = dialog.querySelector("form").elements;
  form.content_id.value = moved.dataset.id;
  form.seen.value = moved.dataset.seen;
  form.day.value = dayOf(moved).dataset.day;
  form.time.value = moved.querySelector("time").textContent;
  document.getElementById("move-title").textContent = `Move “${moved.dataset.title}”`;
  dialog.showModal();
});

dialog.addEventListener("click", (event) => event.target.closest("[data-close]") && dialog.close());
dialog.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target.elements;
  const moved = document.querySelector(`.event[data-id="${form.content_id.value}"]`);
  dialog.close();
  if (moved) move(moved, form.day.value, form.time.value);
});

const wish = seldom(async () => {
  owed = dragged !== null || sending > 0 || dialog.open;
  if (!owed) await renew();
});
dialog.addEventListener("close", () => owed && wish());
follow({ changed: wish, missed: wish, state: () => {} });
