// Draws what /api/boot, /readyz and /api/db/perf say, again every few seconds, and renews the page's live regions once in a
// while. All text goes in as text, never as HTML.

import { renew } from "/assets/requests.js";

const EVERY = 5000;
const SOON = 2000;
const RENEWED_EVERY = 30000;
const PATIENCE = 4000;
const at = (id) => document.getElementById(id);

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds >= 60) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  const thousandths = seconds * 1000;
  return `${thousandths.toFixed(thousandths >= 10 ? 0 : 1)} ms`;
}

function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function state(kind, words) {
  at("state").dataset.state = kind;
  say(at("state"), words);
  document.title = words === "ready" ? "Operator · Studio" : `${words} · Studio`;
}

function stateOf(boot) {
  if (boot.outcome === "failed" || boot.outcome === "interrupted") return ["bad", `boot ${boot.outcome}`];
  const unwell = boot.services.filter((service) => service.state !== "ready").map((service) => service.name);
  if (boot.phase === "stopping") return ["warn", "stopping"];
  if (boot.phase !== "ready") return ["warn", `starting: ${boot.phase}`];
  return unwell.length ? ["warn", `ready, without ${unwell.join(", ")}`] : ["good", "ready"];
}

function intro(boot) {
  const ended = { completed: "Ready in", failed: "Failed after", interrupted: "Interrupted after" }[boot.outcome];
  say(at("headline"), ended ? `${ended} ${duration(boot.seconds)}` : "Starting");
  say(at("environment"), boot.environment);
  say(at("release"), boot.release ? boot.release.slice(0, 12) : "not named");
  say(at("host"), boot.host);
  const begun = new Date(boot.begun_at);
  say(at("begun"), begun.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }));
  at("begun").dateTime = boot.begun_at;
  say(at("boot"), boot.boot_id.slice(0, 8));
  at("boot").title = boot.boot_id;
  at("facts").hidden = false;
}

function trouble(error) {
  at("trouble").hidden = !error;
  if (!error) return;
  say(at("trouble-title"), `${error.code}: ${error.what}`);
  say(at("trouble-why"), error.why);
  say(at("trouble-next"), error.next);
}

function scale(total) {
  const most = at("scale").clientWidth < 480 ? 4 : 6;
  const power = 10 ** Math.floor(Math.log10(total / most));
  const each = [1, 2, 5, 10].map((n) => n * power).find((n) => total / n <= most);
  const marks = element("span");
  for (let mark = 0; mark < total * 0.96; mark += each) {
    const words = mark === 0 ? "0" : total >= 1 ? `${+mark.toFixed(3)} s` : `${+(mark * 1000).toFixed(1)} ms`;
    const tick = element("span", words);
    tick.style.setProperty("--at", `${(mark / total) * 100}%`);
    marks.append(tick);
  }
  at("scale").replaceChildren(marks);
  at("steps").style.setProperty("--each", `${(each / total) * 100}%`);
}

function timeline(boot) {
  const begun = Date.parse(boot.begun_at);
  const rows = boot.steps.map((step) => ({ ...step, from: Math.max((Date.parse(step.begun) - begun) / 1000, 0) }));
  const total = Math.max(boot.seconds ?? 0, 0.001, ...rows.map((row) => row.from + (row.seconds ?? 0)));
  scale(total);
  for (const row of rows) {
    const item = document.querySelector(`[data-step="${row.number}"]`);
    if (!item) continue;
    const failed = boot.error && row === rows.at(-1);
    item.dataset.state = failed ? "failed" : row.seconds === null ? "running" : row.skipped ? "skipped" : "done";
    const bar = item.querySelector("i").style;
    bar.setProperty("--from", `${(row.from / total) * 100}%`);
    bar.setProperty("--size", `${((row.seconds ?? total - row.from) / total) * 100}%`);
    say(item.querySelector(".took"), row.skipped ? "skipped" : duration(row.seconds) || "running");
    const note = row.note || (row.skipped ? "Nothing to do." : "");
    if (note) say(item.querySelector(".note"), note);
  }
}

function services(list, said) {
  say(at("services-count"), list.length ? String(list.length) : "");
  say(at("services-none"), "None.");
  at("services-none").hidden = list.length > 0;
  at("services").replaceChildren(
    ...list.map((service) => {
      const own = said[service.name] ?? { ok: true, word: service.state };
      const kind = service.state === "failed" ? "bad" : service.state === "ready" && own.ok ? "good" : "warn";
      const row = element("li", "", { "data-state": kind });
      row.append(element("b", label(service.name)), element("span", own.ok ? service.state : own.word));
      row.append(element("span", duration(service.seconds), { class: "took" }));
      if (service.reason) row.append(element("span", service.reason, { class: "reason" }));
      const details = Object.entries(own.details ?? {}).map(([name, value]) => `${label(name)} ${shownValue(value)}`);
      if (details.length) row.append(element("span", details.join(" · "), { class: "details" }));
      return row;
    }),
  );
}

function label(name) {
  const words = name.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

function shownValue(value) {
  if (value === null) return "none";
  if (typeof value === "object") return Object.keys(value).length ? JSON.stringify(value) : "none";
  return typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(4) : String(value);
}

const MOST_ROWS = 8;

// What the studio knows of the database: warnings first, then the pool, then group by group what the server tells; what is
// limited says why, and what would mend it.
function perf(answer) {
  at("perf-none").hidden = true;
  const opened = new Set([...at("perf").querySelectorAll("details[open]")].map((each) => each.dataset.group));
  const groups = Object.entries(answer.groups ?? {});
  const parts = [facts({ database: answer.database, server: answer.server_version, warnings: (answer.warnings ?? []).length })];
  if (answer.reason) parts.push(element("p", answer.reason, { class: "reason" }));
  for (const warning of answer.warnings ?? []) parts.push(element("p", Object.values(warning).filter(Boolean).join(": "), { class: "notice", "data-tone": "warn" }));
  parts.push(element("h3", "Pool"), facts(answer.pool ?? {}));
  parts.push(...groups.map(([name, group]) => groupOf(name, group, opened.has(name) || name === "top_statements")));
  at("perf").replaceChildren(...parts);
}

function facts(values) {
  const list = element("dl", "", { class: "facts" });
  for (const [name, value] of Object.entries(values)) {
    const pair = element("div");
    pair.append(element("dt", label(name)), element("dd", shownValue(value ?? null)));
    list.append(pair);
  }
  return list;
}

function groupOf(name, group, open) {
  const made = element("details", "", { "data-group": name });
  made.open = open;
  const items = group.items ?? [];
  const summary = element("summary", name === "top_statements" ? "Slow statements" : label(name));
  summary.append(element("span", group.limited ? "limited" : String(items.length), { class: "count" }));
  made.append(summary);
  if (group.limited) made.append(element("p", group.limited, { class: "quiet" }));
  if (group.fix) made.append(element("code", group.fix));
  if (items.length) made.append(rows(name, items.slice(0, MOST_ROWS)));
  else if (!group.limited) made.append(element("p", "Nothing to tell.", { class: "quiet" }));
  return made;
}

function rows(name, list) {
  const box = element("div", "", { class: "scrolls", tabindex: "0", role: "region", "aria-label": label(name) });
  const table = element("table", "", { class: "table" });
  const keys = typeof list[0] === "object" && list[0] ? Object.keys(list[0]) : [];
  if (keys.length) {
    const head = table.createTHead().insertRow();
    for (const key of keys) head.append(element("th", label(key), { scope: "col" }));
  }
  const body = table.createTBody();
  for (const each of list) {
    const row = body.insertRow();
    if (keys.length) for (const key of keys) row.append(element("td", shownValue(each[key] ?? null)));
    else row.append(element("td", shownValue(each)));
  }
  box.append(table);
  return box;
}

function show(boot, said) {
  state(...stateOf(boot));
  intro(boot);
  trouble(boot.error);
  timeline(boot);
  services(boot.services, said);
}

async function ask(address) {
  const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (answer.status === 404) return null;
  const body = await answer.json();
  return answer.ok || answer.status === 503 ? body : Promise.reject(new Error(body.detail ?? `status ${answer.status}`));
}

let shown = "";

async function refresh() {
  try {
    const [boot, ready] = await Promise.all([ask("/api/boot"), ask("/readyz")]);
    const text = JSON.stringify([boot, ready]);
    if (text !== shown) show(boot, ready.services ?? {});
    shown = text;
    say(at("checked"), `Checked at ${new Date().toLocaleTimeString()}`);
  } catch {
    state("bad", "no answer");
    shown = "";
  }
  await database();
}

async function database() {
  try {
    const answer = await ask("/api/db/perf");
    if (answer) perf(answer);
    else say(at("perf-none"), "This release tells nothing of the database yet: /api/db/perf is not there.");
  } catch (error) {
    at("perf-none").hidden = false;
    say(at("perf-none"), `Not to be had at the moment: ${error.message}`);
  }
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  setTimeout(keepFresh, EVERY);
}

// What the page itself says is looked at less often: soon only where it could not be known the last time.
async function keepRenewed() {
  const soon = document.querySelector("[data-soon]");
  await new Promise((done) => setTimeout(done, soon ? SOON : RENEWED_EVERY));
  const folds = () => document.querySelectorAll("[data-live] details");
  const open = new Map([...folds()].map((each) => [each.id, each.open]));
  if (!document.hidden) await renew().catch(() => {}); // the next one may succeed
  for (const each of folds()) each.open = open.get(each.id) ?? each.open;
  keepRenewed();
}

document.addEventListener("visibilitychange", () => document.hidden || refresh());
keepFresh();
keepRenewed();
