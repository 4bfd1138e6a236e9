// Sends what the rater says, and swaps in the next triple. Every act is written down in this browser before it is sent and
// crossed out once the server has answered for it: a network that is away, a server that hangs, a closed tab lose
// nothing. An act carries the token of its triple, and the server stores a repeat once, so that it may be sent again.
// The next triple is only ever the server's answer: while the network is away the desk waits.

const { form, word, announce, complain, store } = globalThis.desk;
// One queue for all of a study's pages: a revision waits in line with the rest.
const DESK = location.pathname.replace(/ratings\/[0-9a-f]{32}\/$/, "");
const QUEUE = `starchamber-queue:${DESK}`;
const PATIENCE_MS = 20_000; // a server that says nothing for so long is away
const PAUSES_MS = [2_000, 4_000, 8_000, 15_000, 30_000];
const KEPT_MS = 90 * 86_400_000; // as long as a link lives

// What became of an act: done, refused for good, or not answered for; with a script's storage the last stays written.
const DONE = "done";
const DROPPED = "dropped";
const AWAY = "away";
const STUCK = "stuck";

const retry = document.querySelector("[data-act=retry]");
const triple = () => document.getElementById("triple");
let unstored = null; // the queue itself, where this browser may store nothing
let busy = false;
let failures = 0;
let timer = 0;
let stuck = new Set(); // ids that only another link, or a new page, can send
let mine = null; // the id of what this page sent, until it is answered for

function queue() {
  const kept = unstored ?? store.read(QUEUE);
  return Array.isArray(kept) ? kept.filter((act) => Date.now() - act.at < KEPT_MS) : [];
}

function keep(acts) {
  unstored = store.write(QUEUE, acts) ? null : acts;
}

const waiting = () => queue().filter((act) => !stuck.has(act.id));
const drop = (id) => keep(queue().filter((act) => act.id !== id));

function writeDown(submitter) {
  const body = new URLSearchParams(new FormData(form(), submitter)).toString();
  const id = `${Date.now()}-${Math.random()}`;
  keep([...queue(), { id, at: Date.now(), url: location.pathname, body }]);
  return id;
}

const field = (act, name) => new URLSearchParams(act.body).get(name) ?? "";

async function post(act) {
  const body = new URLSearchParams(act.body);
  // The cookie that this belongs to may have changed since.
  const csrf = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (csrf) body.set("csrfmiddlewaretoken", csrf);
  const patience = new AbortController();
  const end = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const headers = { "HX-Request": "true" };
    const response = await fetch(act.url, { method: "POST", headers, body, signal: patience.signal });
    return { response, text: await response.text() };
  } catch {
    return null;
  } finally {
    clearTimeout(end);
  }
}

async function send(act) {
  const answer = await post(act);
  if (!answer) return AWAY;
  const { response, text } = answer;
  const { status, headers } = response;
  if (status >= 500 || status === 429) return AWAY;
  const error = headers.get("Desk-Error");
  if (["not_authenticated", "revoked", "unknown_assignment", "permission_denied"].includes(error)) {
    complain(word({ not_authenticated: "signed_out", revoked: "revoked" }[error] ?? "foreign"));
    document.getElementById("note")?.remove(); // it says "Saved." of the answer before this one
    return STUCK;
  }
  if (headers.get("HX-Redirect")) return goOn(act, headers.get("HX-Redirect"));
  if (status === 204) {
    announce(word("flagged"));
    return DONE;
  }
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("triple");
  if (status === 403) {
    complain(word("stale"));
    return STUCK;
  }
  if (status >= 400 && !(status === 422 && fresh && act.url === location.pathname)) {
    complain(status === 413 ? word("too_large") : word("refused", { status }));
    return DROPPED;
  }
  if (!fresh) return AWAY; // somebody else's page: a hotel's, a proxy's
  drop(act.id);
  if (status !== 422 && act.url === DESK) report(act);
  // A revision is done with its page; what another page had sent leaves this one as it is.
  if (act.url !== DESK && status !== 422) return act.url === location.pathname ? goOn(act, response.url) : DONE;
  if (act.url === location.pathname) swap(fresh, headers.get("HX-Replace-Url") ?? response.url);
  return DONE;
}

function goOn(act, address) {
  drop(act.id);
  mine = null;
  location.assign(address);
  return DONE;
}

function report(act) {
  const detail = { act: field(act, "act"), seconds: Number(field(act, "active_seconds")) };
  document.dispatchEvent(new CustomEvent("desk:sent", { detail }));
}

function swap(fresh, address) {
  const shown = form()?.elements.token.value;
  const next = fresh.querySelector("[name=token]")?.value;
  // The triple on the page is still the one to judge, and what was entered on it stays.
  if (next && next === shown && !fresh.querySelector("#refusal, .note")) return;
  // A club's page is of one round; the next round is another page.
  if ("queue" in document.body.dataset && next !== shown) return location.assign(location.pathname);
  triple().replaceWith(document.adoptNode(fresh));
  history.replaceState(null, "", address);
  // At the swap itself: a key that is pressed in between belongs to the new triple.
  document.dispatchEvent(new Event("desk:begin"));
  document.dispatchEvent(new Event("desk:arrive"));
}

// Sends all that is written down, in order, until something is not answered for. Two tabs take turns.
function deliver() {
  clearTimeout(timer);
  if (!navigator.locks) return sendAll();
  return navigator.locks.request(QUEUE, { ifAvailable: true }, (lock) => {
    if (lock) return sendAll();
    timer = setTimeout(deliver, 1_000);
  });
}

async function sendAll() {
  if (busy) return;
  busy = true;
  form()?.classList.add("is-sending");
  const waited = failures > 0;
  try {
    for (let act = waiting()[0]; act; act = waiting()[0]) {
      const became = await send(act);
      if (became === AWAY) return wait(act);
      failures = 0;
      if (act.id === mine) mine = null;
      if (became === STUCK) stuck.add(act.id);
      else drop(act.id);
      if (became === DONE && field(act, "act") !== "flag") {
        store.drop((key) => key === `starchamber-draft:${field(act, "token")}`);
      }
    }
  } finally {
    busy = false;
    form()?.classList.remove("is-sending");
  }
  retry.hidden = true;
  // Another tab had its turn and got the answer: this page shows what is settled.
  if (mine && !queue().some((act) => act.id === mine)) return location.reload();
  unlock();
  if (waited && document.getElementById("trouble").textContent === shownWaiting) complain("");
  if (waited) announce(word("sent"));
}

let shownWaiting = "";

function wait(act) {
  const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
  failures += 1;
  timer = setTimeout(deliver, pause);
  const leaves = waiting().some((one) => field(one, "act") !== "flag");
  shownWaiting = word(unstored ? "waiting_here" : leaves ? "waiting" : "waiting_flag");
  if (failures === 1) complain(shownWaiting);
  retry.hidden = false;
  if (leaves && form()) form().inert = true;
}

// Whatever waits for another link keeps the triple it belongs to shut, and no other.
function unlock() {
  if (!form()) return;
  const token = form().elements.token.value;
  form().inert = queue().some((act) => field(act, "token") === token && field(act, "act") !== "flag");
}

document.addEventListener("submit", (event) => {
  if (event.target !== form() || !("sends" in form().dataset) || event.defaultPrevented) return;
  event.preventDefault();
  const isFlag = event.submitter?.value === "flag";
  if (!isFlag && (busy || waiting().some((act) => field(act, "act") !== "flag"))) return;
  const id = writeDown(event.submitter);
  if (!isFlag) mine = id;
  if (isFlag) {
    event.submitter.closest("details").open = false;
    document.getElementById("question-heading").focus({ preventScroll: true });
  }
  deliver();
});

retry?.addEventListener("click", deliver);
addEventListener("online", () => failures && deliver());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && failures && deliver());

// While others have what is left, the page looks again; a page in the background would only keep a triple from them.
const LOOK_AGAIN_MS = 15_000;
setInterval(async () => {
  const place = document.querySelector("[data-ask-again]");
  if (!place || document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(place.dataset.askAgain, { headers: { "HX-Request": "true" } });
    if (answer.headers.get("HX-Redirect")) return location.assign(answer.headers.get("HX-Redirect"));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("triple");
    if (answer.ok && fresh && !fresh.querySelector("[data-ask-again]")) swap(fresh, answer.url);
  } catch {
    // The network is away: the next look may find it back.
  }
}, LOOK_AGAIN_MS);

// What an earlier page had to leave.
const { draft, queue: keepsVotes } = document.body.dataset;
if (("sends" in (form()?.dataset ?? {}) || draft || keepsVotes) && waiting().length) {
  if (form() && waiting().some((act) => field(act, "act") !== "flag")) form().inert = true;
  deliver();
}
document.documentElement.classList.add("has-script");
