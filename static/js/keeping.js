// Keeps what the rater does: counts active seconds, saves drafts, renews the lease, and carries focus over a swap.

const IDLE_MS = 30_000;
const DRAFT_DELAY_MS = 500;
const RENEW_MS = 60_000;

let lastInput = Date.now();
let draftTimer = 0;

const form = () => document.querySelector("form[data-cards]");
const { draft: draftUrl, lease: leaseUrl } = document.body.dataset;

function send(url) {
  const data = new URLSearchParams(new FormData(form()));
  return fetch(url, { method: "POST", body: data, keepalive: true }).catch(() => null); // the next one may get through
}

function saveDraft() {
  clearTimeout(draftTimer);
  draftTimer = 0;
  if (form()) send(draftUrl);
}

function announce(words) {
  document.getElementById("announcer").textContent = words;
}

function complain(words) {
  const trouble = document.getElementById("trouble");
  trouble.hidden = !words;
  trouble.textContent = words;
}

function arrive() {
  complain("");
  const refusal = document.getElementById("refusal");
  if (refusal) return refusal.focus();
  document.getElementById("instructions")?.removeAttribute("open");
  document.getElementById("triple").scrollIntoView();
  document.getElementById("question-heading").focus({ preventScroll: true });
  const note = document.getElementById("triple").dataset.note ?? "";
  announce(`${note} ${form() ? "Next question." : "Nothing is left."}`);
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
  document.addEventListener("htmx:beforeRequest", () => clearTimeout(draftTimer));
}

if (leaseUrl) {
  setInterval(async () => {
    if (document.visibilityState !== "visible" || !form()) return;
    const response = await send(leaseUrl);
    if (response?.status === 410) location.reload(); // the study closed: its page says so
  }, RENEW_MS);
}

// At the swap and not when it has settled: a key that is pressed in between belongs to the new triple.
document.addEventListener("htmx:afterSwap", () => document.dispatchEvent(new Event("desk:begin")));
document.addEventListener("htmx:afterSettle", arrive);
document.addEventListener("htmx:sendError", () =>
  complain("No connection. What you entered is still here; submit again."),
);
document.addEventListener("htmx:responseError", (event) =>
  complain(`The server answered ${event.detail.xhr.status}. What you entered is still here; submit again.`),
);
