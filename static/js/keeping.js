// Keeps what the rater does: counts active seconds and what else tells of attention, saves drafts, renews the lease, says
// how long it takes, and carries focus over a swap.

const { form, word, announce, complain, store } = globalThis.desk;
const IDLE_MS = 30_000;
const DRAFT_DELAY_MS = 500;
const RENEW_MS = 60_000;
const PACE = `starchamber-pace:${location.pathname}`;
const PACE_KEPT = 30;

let lastInput = Date.now();
let draftTimer = 0;
let notes = null; // the signals of the triple on the page, see ratings/slots/signals.py
let away = 0; // since when the page has not had the focus

const { draft: draftUrl, lease: leaseUrl } = document.body.dataset;

function post(url) {
  const data = new URLSearchParams(new FormData(form()));
  return fetch(url, { method: "POST", body: data, keepalive: true }).catch(() => null); // the next one may get through
}

// Drafts: what was entered is kept here, by the assignment's token, until the server has it. The younger one counts.

const DRAFT = "starchamber-draft:";
const DRAFT_KEPT_MS = 30 * 86_400_000;
const LEFT_OUT = ["csrfmiddlewaretoken", "token", "signals", "reason", "flag_reason"];
// The server has it, or will never take it: saved, signed out, not this rater's, closed.
const SETTLED = [204, 401, 403, 404, 409, 410];
const draftKey = () => DRAFT + form().elements.token.value;

function keepDraft() {
  const said = new URLSearchParams(new FormData(form()));
  LEFT_OUT.forEach((name) => said.delete(name));
  store.write(draftKey(), { at: Date.now(), desk: location.pathname, said: said.toString() });
}

async function saveDraft() {
  clearTimeout(draftTimer);
  draftTimer = 0;
  if (!form() || form().inert) return;
  const [key, at] = [draftKey(), Date.now()];
  const response = await post(draftUrl);
  if (!response) addEventListener("online", saveDraft, { once: true });
  else if (SETTLED.includes(response.status) && store.read(key)?.at <= at) store.drop((one) => one === key);
}

// Drops what is over: drafts of other triples of this desk, and any that nobody came back to.
function dropDrafts() {
  store.drop((key) => {
    const kept = key.startsWith(DRAFT) && store.read(key);
    if (!kept || Date.now() - kept.at > DRAFT_KEPT_MS) return Boolean(kept);
    return kept.desk === location.pathname && (!form() || key !== draftKey());
  });
}

function recall() {
  const kept = store.read(draftKey());
  if (!kept || Date.now() - kept.at >= Number(form().dataset.draftAge ?? Infinity) * 1000) return;
  const said = new URLSearchParams(kept.said);
  for (const box of form().querySelectorAll("input, textarea")) {
    const values = said.getAll(box.name);
    if (["radio", "checkbox"].includes(box.type)) box.checked = values.includes(box.value);
    else if (values.length) box.value = values[0];
    if (box.checked || box.name === "comment" && box.value) box.closest("details")?.setAttribute("open", "");
  }
  document.dispatchEvent(new Event("desk:recalled"));
  draftTimer = setTimeout(saveDraft, DRAFT_DELAY_MS);
}

// Signals: numbers only, kept over a reload of the same triple.

const noteKey = () => `starchamber-notes:${form().elements.token.value}`;

function readNotes() {
  try {
    return JSON.parse(sessionStorage.getItem(noteKey()));
  } catch {
    return null;
  }
}

function keepNotes() {
  try {
    sessionStorage.setItem(noteKey(), JSON.stringify(notes));
  } catch {
    // a reload starts over
  }
}

function beginNotes() {
  if (draftUrl) dropDrafts();
  if (!form()) return;
  if (draftUrl) recall();
  notes = readNotes() ?? { since: Date.now(), focus_losses: 0, away_ms: 0, pastes: 0, changes: 0, read: [] };
  for (const card of form().querySelectorAll("[data-card]")) ends.observe(card.querySelector(".places"));
  showPace();
}

function returned() {
  if (!away || !notes) return;
  notes.away_ms += Date.now() - away;
  away = 0;
  keepNotes();
}

// A card is read to its end once the end of it was in sight.
const ends = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    const card = target.closest("[data-card]")?.dataset.card;
    if (isIntersecting && notes && card && !notes.read.includes(card)) notes.read.push(card);
  }
});

function signals() {
  if (!notes) return "";
  const seconds = (ms) => Math.max(0, Math.round(ms / 1000));
  const { since, focus_losses, away_ms, pastes, changes, read } = notes;
  const awayNow = away ? Date.now() - away : 0;
  return JSON.stringify({
    seconds: seconds(Date.now() - since),
    focus_losses,
    away_seconds: seconds(away_ms + awayNow),
    read_to_end: read.length,
    pastes,
    changes,
  });
}

addEventListener("blur", () => {
  if (!notes || away) return;
  notes.focus_losses += 1;
  away = Date.now();
});
addEventListener("focus", returned);
document.addEventListener("paste", (event) => notes && event.target.name === "comment" && (notes.pastes += 1));
document.addEventListener("change", (event) => {
  if (!notes || event.detail !== "place") return;
  notes.changes += 1;
  keepNotes();
});
addEventListener("pagehide", () => notes && form() && keepNotes());

// Pace: the median of this rater's active seconds, remembered by this browser.

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function inWords(seconds) {
  if (seconds < 90) return word("seconds", { n: Math.max(1, Math.round(seconds)) });
  return word("minutes", { n: Math.round(seconds / 60) });
}

function showPace() {
  const place = form()?.querySelector("[data-pace]");
  const times = store.read(PACE);
  if (!place || !times?.length) return;
  const each = median(times);
  const parts = [word("each", { time: inWords(each) })];
  if (Number(place.dataset.left) > 0) parts.push(word("to_go", { time: inWords(each * place.dataset.left) }));
  place.replaceChildren(
    ...parts.map((said) => Object.assign(document.createElement("span"), { textContent: said })),
  );
}

function remember(seconds) {
  if (seconds > 0) store.write(PACE, [...(store.read(PACE) ?? []), seconds].slice(-PACE_KEPT));
}

// Focus and words after a swap.

function arrive() {
  complain("");
  const refusal = document.getElementById("refusal");
  if (refusal) return refusal.focus();
  document.getElementById("instructions")?.removeAttribute("open");
  document.getElementById("triple").scrollIntoView();
  document.getElementById("question-heading")?.focus({ preventScroll: true });
  const note = document.getElementById("triple").dataset.note ?? "";
  announce(`${note} ${word(form() ? "next" : "nothing_left")}`.trim());
}

for (const kind of ["pointerdown", "pointermove", "keydown", "scroll", "touchmove"]) {
  document.addEventListener(kind, () => (lastInput = Date.now()), { passive: true, capture: true });
}

setInterval(() => {
  const seconds = form()?.elements.active_seconds;
  const active = document.visibilityState === "visible" && Date.now() - lastInput < IDLE_MS;
  if (seconds && active) seconds.value = Number(seconds.value) + 1;
}, 1000);

if (draftUrl) {
  const later = (event) => {
    if (event.target.closest?.("form[data-cards]") === null) return;
    if (form()) keepDraft();
    clearTimeout(draftTimer);
    draftTimer = setTimeout(saveDraft, DRAFT_DELAY_MS);
  };
  document.addEventListener("change", later);
  document.addEventListener("input", later);
  document.addEventListener("visibilitychange", () => draftTimer && saveDraft());
}

if (leaseUrl) {
  setInterval(async () => {
    if (document.visibilityState !== "visible" || !form() || form().inert) return;
    const response = await post(leaseUrl);
    if (response?.status === 410) location.reload(); // the study closed: its page says so
  }, RENEW_MS);
}

// In the capturing phase, so that what is sent holds it.
document.addEventListener(
  "submit",
  (event) => {
    if (event.target !== form()) return;
    clearTimeout(draftTimer);
    form().elements.signals.value = signals();
  },
  true,
);
document.addEventListener("desk:sent", (event) => event.detail.act === "submit" && remember(event.detail.seconds));
document.addEventListener("desk:begin", beginNotes);
document.addEventListener("desk:arrive", arrive);
beginNotes();
