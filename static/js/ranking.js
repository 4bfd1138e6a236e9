// Giving places by tapping cards in turn. The radio buttons are the state; this only sets them.
// Works on whatever card form is on the page, so a swap needs no set-up beyond `begin`.

const { form, word, list, announce } = globalThis.desk;
let given = []; // cards in the order in which they were given a place, for undo and ties
let checked = new Set(); // radios that were checked before the present click
let tying = false;
let marking = null; // the card whose next tap says which step is the first wrong one
let leavingOut = false; // the second submit of an incomplete ranking goes through

const kind = () => form().dataset.kind;
const may = (name) => name in form().dataset;
const cards = () => [...form().querySelectorAll("[data-card]")];
const marks = (card) => [...card.querySelectorAll("[data-place]")];
const placeOf = (card) => Number(marks(card).find((mark) => mark.checked)?.dataset.place ?? 0);
const nameOf = (card) => card.querySelector("h2").lastChild.textContent;
const placed = () => cards().filter(placeOf);
const others = (card) => cards().filter((other) => other !== card);
const allBad = () => Boolean(form().elements.all_bad?.checked);
const places = () => Array.from({ length: Number(form().dataset.places) }, (_, index) => index + 1);
const placeWord = (place) => list("places")[place - 1];

function setPlace(card, place) {
  marks(card).forEach((mark) => (mark.checked = Number(mark.dataset.place) === place));
}

function nextPlace() {
  const last = given.at(-1);
  if (tying && last) return placeOf(last);
  if (kind() === "best") return 1;
  const taken = new Set(cards().map(placeOf));
  return places().find((place) => !taken.has(place));
}

// A tap on a card: the next place, or none if it has one.
function give(card) {
  const worse = kind() === "pairwise" && placeOf(card) === 2; // a tap on the worse of a pair makes it the better
  if (placeOf(card) && !worse) return takeBack(card);
  const place = worse ? 1 : nextPlace();
  if (!place) return say(word("full"));
  if (tying && kind() === "best" && placed().length === cards().length - 1) return say(word("leave_one"));
  settle(card, place, tying);
}

// Puts a card into a place. Unless they share it, whoever had it loses it; of a pair the other one gets the other place.
function settle(card, place, sharing) {
  setPlace(card, place);
  if (kind() === "pairwise") others(card).forEach((other) => setPlace(other, sharing ? place : 3 - place));
  else if (!sharing) others(card).filter((other) => placeOf(other) === place).forEach((other) => setPlace(other, 0));
  changed(word("place", { name: nameOf(card), place: placeWord(place) }));
}

function takeBack(card) {
  const place = placeOf(card);
  if (kind() === "pairwise") cards().forEach((other) => setPlace(other, 0));
  setPlace(card, 0);
  const alone = !cards().some((other) => placeOf(other) === place);
  if (kind() === "ranking" && alone)
    placed().filter((other) => placeOf(other) > place).forEach((other) => setPlace(other, placeOf(other) - 1));
  changed(word("no_place", { name: nameOf(card) }));
}

function tie() {
  if (!may("ties")) return;
  if (kind() === "pairwise") {
    cards().forEach((card) => setPlace(card, 1));
    return changed(word("equal"));
  }
  const last = given.at(-1);
  if (kind() === "ranking" && placed().length === cards().length && given.length > 1) {
    const before = placeOf(given.at(-2));
    if (placeOf(last) !== before) {
      setPlace(last, before);
      return changed(word("tie", { name: nameOf(last), place: placeWord(before) }));
    }
  }
  tying = !tying && Boolean(last);
  refresh();
  announce(word(tying ? "tie_on" : "tie_off"));
}

function undo() {
  if (given.length) return takeBack(given.at(-1));
  document.querySelector("[data-undo]")?.click();
}

function clear() {
  for (const box of form().querySelectorAll("input:checked")) box.checked = false;
  changed(word("cleared"));
}

function changed(words) {
  tying = false;
  leavingOut = false;
  refresh();
  announce(words);
  form().dispatchEvent(new CustomEvent("change", { bubbles: true, detail: "place" }));
}

// Asks for the first wrong step of a card, or no longer. By keyboard the focus goes where it is chosen.
function mark(card, byKey) {
  marking = marking === card ? null : card;
  refresh();
  if (!marking) return;
  announce(word("marking"));
  if (byKey) (card.querySelector(".step :checked") ?? card.querySelector(".step input")).focus();
}

// While a card is asked for its step, a tap on one's text marks it; beside the steps it only ends that, and ranks nothing.
function markStep(card, target) {
  const asked = card === marking;
  marking = null;
  if (asked) target.closest(".step")?.querySelector("input").click();
  refresh();
  return asked;
}

function statusWords() {
  if (marking) return word("marking");
  if (tying) return word("tying");
  if (allBad()) return word("all_bad");
  const done = kind() === "ranking" ? placed().length : new Set(placed().map(placeOf)).size;
  const steps = list("steps");
  return steps[Math.min(done, steps.length - 1)];
}

function refresh() {
  given = given.filter(placeOf);
  cards().forEach((card) => placeOf(card) && !given.includes(card) && given.push(card));
  checked = new Set(form().querySelectorAll("input:checked"));
  form().querySelector("[data-status]").textContent = statusWords();
  form().querySelector("[data-act=tie]")?.setAttribute("aria-pressed", String(tying));
  for (const card of cards()) {
    card.classList.toggle("is-marking", card === marking);
    card.querySelector("[data-act=wrong]")?.setAttribute("aria-pressed", String(card === marking));
  }
}

function say(words) {
  form().querySelector("[data-status]").textContent = words;
  announce(words);
  return true;
}

// Whether this submit should wait for the rater: too little is judged, or a card was left out by accident.
function needsMore(event) {
  if (event.target !== form() || ["skip", "flag"].includes(event.submitter?.value)) return false;
  const left = cards().length - placed().length;
  if (allBad() && (kind() !== "best_worst" || left === cards().length)) return false;
  if (kind() === "best") return left === cards().length && say(word("needed"));
  if (kind() === "best_worst") return new Set(placed().map(placeOf)).size < 2 && say(word("needed"));
  if (left === cards().length || (left && !may("partial"))) return say(word("needed"));
  if (!left || leavingOut) return false;
  leavingOut = true;
  return say(word(left === 1 ? "left_one" : "left_more"));
}

function begin() {
  if (!form()) return;
  given = [];
  marking = null;
  tying = leavingOut = false;
  given = placed().sort((one, other) => placeOf(one) - placeOf(other));
  refresh();
}

// A click on a place itself. Where ties are offered it may make one; of a pair it always says which one is better.
function choose(mark) {
  const card = mark.closest("[data-card]");
  if (checked.has(mark)) return takeBack(card);
  const sharing = may("ties") && kind() !== "pairwise";
  if (sharing && kind() === "best" && placed().length === cards().length) {
    mark.checked = false;
    return say(word("leave_one"));
  }
  settle(card, Number(mark.dataset.place), sharing);
}

document.addEventListener("click", (event) => {
  const { target } = event;
  if (!form() || !(target instanceof Element) || !form().contains(target)) return;
  if (target.closest("[data-act=tie]")) return tie();
  if (target.matches("[data-place]")) return choose(target);
  const wrong = target.closest("[data-act=wrong]");
  if (wrong) return mark(wrong.closest("[data-card]"), event.detail === 0);
  // What was said beside the ranking is taken back by the same click again.
  if (target.matches("[data-again]") && checked.has(target)) {
    target.checked = false;
    target.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const card = target.closest("[data-card]");
  const selecting = event.isTrusted && String(getSelection()).length > 0;
  if (!card || selecting || target.closest("label, a, button, input, summary, .chips")) return;
  if (!marking || !markStep(card, target)) give(card);
});

document.addEventListener("change", (event) => {
  if (!form()?.contains(event.target) || event.target === form()) return;
  if (event.target.closest(".steps")) marking = null;
  refresh();
});

document.addEventListener("reset", (event) => {
  if (event.target !== form()) return;
  event.preventDefault();
  clear();
});

// In the capturing phase: before anything is sent.
document.addEventListener(
  "submit",
  (event) => {
    if (!form() || !needsMore(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("desk:undo", undo);
document.addEventListener("desk:begin", begin);
document.addEventListener("desk:recalled", begin);
begin();
