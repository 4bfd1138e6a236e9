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

async function saveDraft() {
  clearTimeout(draftTimer);
  draftTimer = 0;
  if (!form() || form().inert) return;
  const response = await post(draftUrl);
  if (!response) addEventListener("online", saveDraft, { once: true });
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
  if (!form()) return;
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
