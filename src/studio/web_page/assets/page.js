// Draws what /api/boot says, again every few seconds. All text goes in as text, never as HTML.

const EVERY = 5000;
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
  document.title = words === "ready" ? "Studio" : `Studio: ${words}`;
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

function files(list) {
  say(at("files-count"), list.length ? String(list.length) : "");
  at("files").hidden = !list.length;
  at("files-none").hidden = list.length > 0;
  for (const body of [...at("files").tBodies]) body.remove();
  for (const kind of new Set(list.map((file) => file.kind))) {
    const group = list.filter((file) => file.kind === kind);
    const body = at("files").createTBody();
    const words = `${group.length} ${kind}${group.length > 1 ? "s" : ""}`;
    body.insertRow().append(element("th", words, { scope: "rowgroup", colspan: "2" }));
    for (const file of group) body.insertRow().append(breakable(file.name), element("td", duration(file.seconds)));
  }
}

function breakable(name) {
  const cell = element("td");
  for (const part of name.split(/(?<=_)/)) cell.append(part, element("wbr"));
  return cell;
}

function services(list) {
  say(at("services-count"), list.length ? String(list.length) : "");
  at("services-none").hidden = list.length > 0;
  at("services").replaceChildren(
    ...list.map((service) => {
      const kind = { ready: "good", failed: "bad" }[service.state] ?? "warn";
      const row = element("li", "", { "data-state": kind });
      row.append(element("b", service.name), element("span", service.state));
      row.append(element("span", duration(service.seconds), { class: "took" }));
      if (service.reason) row.append(element("span", service.reason, { class: "reason" }));
      return row;
    }),
  );
  at("details").hidden = false;
}

let shown = "";

function show(boot) {
  state(...stateOf(boot));
  const text = JSON.stringify(boot);
  if (text === shown) return;
  shown = text;
  intro(boot);
  trouble(boot.error);
  timeline(boot);
  files(boot.files);
  services(boot.services);
}

async function refresh() {
  try {
    const answer = await fetch("/api/boot", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(await answer.json());
    say(at("checked"), `Checked at ${new Date().toLocaleTimeString()}`);
  } catch {
    state("bad", "no answer");
  }
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  setTimeout(keepFresh, EVERY);
}

document.addEventListener("visibilitychange", () => document.hidden || refresh());
keepFresh();
