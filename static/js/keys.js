// Single keys. Each only presses what can be pressed by hand; none works while something is typed, all can be turned off.

const SETTING = "starchamber-keys";
const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])";
const help = document.getElementById("help");
const keysOn = document.getElementById("keys-on");

const press = (selector) => document.querySelector(selector)?.click();
const pressCard = (index) => document.querySelectorAll("[data-card]")[index]?.click();

const ACTS = {
  1: () => pressCard(0),
  2: () => pressCard(1),
  3: () => pressCard(2),
  "=": () => press("[data-act=tie]"),
  0: () => press("#judging input[name=all_bad]"),
  s: () => press("[data-act=skip]"),
  u: () => document.dispatchEvent(new Event("desk:undo")),
  "?": () => help.showModal(),
};

function read() {
  try {
    return localStorage.getItem(SETTING) !== "off";
  } catch {
    return true; // storage is forbidden: the switch then lasts for this page
  }
}

function apply(on) {
  keysOn.checked = on;
  document.documentElement.classList.toggle("keys-off", !on);
}

keysOn.addEventListener("change", () => {
  apply(keysOn.checked);
  try {
    localStorage.setItem(SETTING, keysOn.checked ? "on" : "off");
  } catch {
    // as above
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (help.open || event.target.closest(TYPING)) return;
  if (event.key === "Enter") {
    // Elsewhere Enter already means something: it presses the control, or submits the form by itself.
    if (event.target.closest("a, button, summary, input")) return;
    event.preventDefault();
    return press("[data-act=submit]");
  }
  const act = ACTS[event.key.toLowerCase()];
  if (!act || !keysOn.checked) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-act=help]")) help.showModal();
});

apply(read());
