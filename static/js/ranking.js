// Ranking by tapping cards in turn. The radio buttons are the state; this only sets them.
// Works on whatever card form is on the page, so a swap needs no set-up beyond `begin`.

const WORDS = ["1st", "2nd", "3rd"];
let given = []; // cards in the order in which they were given a place, for undo and ties
let checked = new Set(); // radios that were checked before the present click
let tying = false;
let leavingOut = false; // the second submit of an incomplete ranking goes through

const form = () => document.querySelector("form[data-cards]");
const cards = () => [...form().querySelectorAll("[data-card]")];
const radios = (card) => [...card.querySelectorAll("input[type=radio]")];
const placeOf = (card) => radios(card).findIndex((radio) => radio.checked) + 1;
const nameOf = (card) => card.querySelector("h2").lastChild.textContent;
const placed = () => cards().filter((card) => placeOf(card));
const allBad = () => form().elements.all_bad.checked;

function announce(words) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = "";
  requestAnimationFrame(() => (announcer.textContent = words));
}

function setPlace(card, place) {
  radios(card).forEach((radio, index) => (radio.checked = index + 1 === place));
}

function nextPlace() {
  const last = given.at(-1);
  if (tying && last) return placeOf(last);
  const taken = new Set(cards().map(placeOf));
  return [1, 2, 3].find((place) => !taken.has(place));
}

function give(card) {
  if (placeOf(card)) return takeBack(card);
  const place = nextPlace();
  setPlace(card, place);
  changed(`${nameOf(card)}: ${WORDS[place - 1]}.`);
}

function takeBack(card) {
  const place = placeOf(card);
  setPlace(card, 0);
  const alone = !cards().some((other) => placeOf(other) === place);
  if (alone) placed().filter((other) => placeOf(other) > place).forEach((other) => setPlace(other, placeOf(other) - 1));
  changed(`${nameOf(card)}: no place.`);
}

function tie() {
  const last = given.at(-1);
  if (placed().length === 3 && given.length > 1) {
    const before = placeOf(given.at(-2));
    if (placeOf(last) !== before) {
      setPlace(last, before);
      return changed(`${nameOf(last)}: ${WORDS[before - 1]}, a tie.`);
    }
  }
  tying = !tying && Boolean(last);
  refresh();
  announce(tying ? "The next one shares the last place." : "No tie.");
}

function undo() {
  if (given.length) return takeBack(given.at(-1));
  const last = document.querySelector("[data-undo]");
  if (last) last.click();
}

function clear() {
  cards().forEach((card) => setPlace(card, 0));
  form().elements.all_bad.checked = false;
  changed("Cleared.");
}

function changed(words) {
  tying = false;
  leavingOut = false;
  refresh();
  announce(words);
  form().dispatchEvent(new Event("change", { bubbles: true }));
}

function statusWords() {
  if (tying) return "Now the one that shares this place.";
  if (allBad()) return "All bad. Places are optional.";
  return ["Tap the best one first.", "Now the next best.", "And the last one.", "All three have a place."][placed().length];
}

function refresh() {
  given = given.filter(placeOf);
  cards().forEach((card) => placeOf(card) && !given.includes(card) && given.push(card));
  checked = new Set(cards().flatMap(radios).filter((radio) => radio.checked));
  form().querySelector("[data-status]").textContent = statusWords();
  form().querySelector("[data-act=tie]").setAttribute("aria-pressed", String(tying));
}

function say(words) {
  form().querySelector("[data-status]").textContent = words;
  announce(words);
}

// Whether this submit should wait for the rater: nothing is judged yet, or a card was left out by accident.
function needsMore(event) {
  if (event.target !== form() || event.submitter?.value === "skip" || allBad()) return false;
  const left = 3 - placed().length;
  if (left === 3) return say("Give at least one a place, or say: all bad.") ?? true;
  if (left && !leavingOut) {
    leavingOut = true;
    return say(`${left === 1 ? "One has" : "Two have"} no place. Submit again to leave ${left === 1 ? "it" : "them"} out.`) ?? true;
  }
  return false;
}

function begin() {
  if (!form()) return;
  given = [];
  tying = leavingOut = false;
  given = placed().sort((one, other) => placeOf(one) - placeOf(other));
  refresh();
}

document.addEventListener("click", (event) => {
  const { target } = event;
  if (!form() || !(target instanceof Element) || !form().contains(target)) return;
  if (target.closest("[data-act=tie]")) return tie();
  if (target.matches("[data-card] input[type=radio]")) {
    const card = target.closest("[data-card]");
    return checked.has(target) ? takeBack(card) : changed(`${nameOf(card)}: ${WORDS[target.value - 1]}.`);
  }
  const card = target.closest("[data-card]");
  const selecting = event.isTrusted && String(getSelection()).length > 0;
  if (card && !selecting && !target.closest("label, a, button, input")) give(card);
});

document.addEventListener("change", (event) => {
  if (event.target.name === "all_bad") refresh();
});

document.addEventListener("reset", (event) => {
  if (event.target !== form()) return;
  event.preventDefault();
  clear();
});

// In the capturing phase: before htmx sends anything.
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
document.documentElement.classList.add("has-script");
begin();
