// Asks the studio's pages from scripts: our own cookie proves that a write is meant.

export function cookie(name) {
  for (const part of document.cookie.split("; ")) {
    const [key, ...value] = part.split("=");
    if (key === name || key === `__Host-${name}`) return value.join("=");
  }
  return "";
}

export async function send(form) {
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { accept: "application/json", "x-csrf-token": cookie("studio_csrf") },
    body: new URLSearchParams(form.values),
    signal: AbortSignal.timeout(15000),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);
  return body;
}

export function say(text) {
  const said = document.getElementById("said");
  if (said) said.textContent = text;
}

// Puts the page's live regions as they are now in the place of those that are shown, and the focus back where it was.
export async function renew() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(15000) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  if (answer.redirected) location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    const other = fresh.querySelector(`[data-live="${region.dataset.live}"]`);
    if (!other || region.innerHTML === other.innerHTML) continue;
    const place = placeOf(document.activeElement, region);
    region.replaceChildren(...other.childNodes);
    if (place) region.querySelector(place)?.focus();
  }
}

function placeOf(element, region) {
  if (!element || !region.contains(element)) return "";
  const row = element.closest("[data-id]");
  const link = element.getAttribute("href");
  const within = row ? `[data-id="${row.dataset.id}"] ` : "";
  return link ? `${within}a[href="${CSS.escape(link)}"]` : within ? `${within}button` : "";
}
