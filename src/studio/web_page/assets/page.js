// What every page does beyond plain HTML: the scheme, the menu, the time zone, questions before what cannot be undone.

import { cookie } from "/assets/requests.js";

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

function scheme() {
  return root.dataset.theme ?? (dark.matches ? "dark" : "light");
}

function nameToggles() {
  const other = scheme() === "dark" ? "Light" : "Dark";
  for (const toggle of document.querySelectorAll("[data-theme-toggle]")) {
    toggle.hidden = false;
    toggle.textContent = other;
    toggle.setAttribute("aria-label", `${other} scheme`);
  }
}

function turn() {
  root.dataset.theme = scheme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("studio-theme", root.dataset.theme);
  } catch {
    // It holds for this page then.
  }
  nameToggles();
}

function fold() {
  const menu = document.getElementById("menu");
  if (!menu) return;
  const places = document.getElementById("places");
  menu.hidden = false;
  places.classList.add("folded");
  menu.addEventListener("click", () => {
    const folded = places.classList.toggle("folded");
    menu.setAttribute("aria-expanded", String(!folded));
  });
}

function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || cookie("studio_zone")) return;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `studio_zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-theme-toggle], [data-take]");
  if (!pressed) return;
  if (pressed.dataset.take === undefined) turn();
  else take(pressed);
});

function take(button) {
  const field = document.getElementById(button.dataset.take);
  if (field.type === "checkbox") field.checked = button.dataset.theirs !== "";
  else field.value = button.dataset.theirs;
  field.focus();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) {
    event.preventDefault();
    return;
  }
  // Whoever has signed in again in another tab has a new token; what was typed here is still worth sending.
  const token = form.elements.namedItem("csrf_token");
  if (token) token.value = cookie("studio_csrf") || token.value;
  form.dataset.sent = "yes";
});

for (const form of document.querySelectorAll("form[data-keep]")) {
  let changed = false;
  form.addEventListener("input", () => (changed = true));
  addEventListener("beforeunload", (event) => {
    if (changed && !form.dataset.sent) event.preventDefault();
  });
}

for (const button of document.querySelectorAll("[data-take]")) button.hidden = false;
dark.addEventListener("change", nameToggles);
nameToggles();
fold();
tellZone();
