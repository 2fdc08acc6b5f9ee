// Follows /ws: tells of changes as they happen, and comes back after a break with the last cursor, so that none is missed.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20000;

export function follow({ changed, missed, state }) {
  let cursor = "";
  let pause = FIRST_PAUSE;
  let silence = 0;
  let socket = null;

  function listen() {
    state("warn", "connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const after = cursor ? `?after=${encodeURIComponent(cursor)}` : "";
    socket = new WebSocket(`${scheme}//${location.host}/ws${after}`);
    let within = 45000;
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.close(), within);
    };
    alive();
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      alive();
      if (message.type === "hello") {
        within = message.heartbeat_seconds * 2500;
        pause = FIRST_PAUSE;
        state("good", "live");
        if (!cursor) missed(); // what has changed since the page was made
      } else if (message.type === "ping") socket.send(JSON.stringify({ type: "pong", n: message.n }));
      else if (message.type === "changes") changed(message.changes);
      else if (message.type === "reset") missed();
      cursor = message.cursor ?? cursor;
    });
    socket.addEventListener("close", () => {
      clearTimeout(silence);
      comeBack();
    });
  }

  async function comeBack() {
    state("warn", navigator.onLine ? "reconnecting" : "offline");
    if (await signedOut()) {
      state("bad", "signed out");
      return;
    }
    setTimeout(listen, pause * (0.5 + Math.random()));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  // A browser does not show why a WebSocket was refused.
  async function signedOut() {
    try {
      return (await fetch("/api/auth/me", { signal: AbortSignal.timeout(5000) })).status === 401;
    } catch {
      return false;
    }
  }

  addEventListener("pagehide", () => socket?.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  listen();
}

// Calls at most once in a while, and once more after the last wish.
export function seldom(work, pause = 400) {
  let waiting = 0;
  let again = false;
  return function wish() {
    if (waiting) {
      again = true;
      return;
    }
    waiting = setTimeout(async () => {
      try {
        await work();
      } catch {
        again = true; // the connection's state says it; the next change tries again
      } finally {
        waiting = 0;
      }
      if (again) {
        again = false;
        setTimeout(wish, pause);
      }
    }, pause);
  };
}
