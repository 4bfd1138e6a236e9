// Single keys. Each only presses what can be pressed by hand; none works while something is typed. All can be turned off,
// and each can be changed; this browser remembers both.

const { form, word, announce, store } = globalThis.desk;
const SWITCH = "starchamber-keys";
const MAP = "starchamber-keymap";
const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])";
const help = document.getElementById("help");
const keysOn = document.getElementById("keys-on");
const rows = [...document.querySelectorAll("[data-key-act]")];

const find = (selector) => form()?.querySelector(selector);
const press = (selector) => find(selector)?.click();
const pressCard = (index) => form()?.querySelectorAll("[data-card]")[index]?.click();

// Opens a panel with its button in focus, so that the same key again, or Enter, goes through with it.
function openPanel(name) {
  const panel = find(`[data-panel=${name}]`);
  const button = panel?.querySelector("button");
  if (!panel) return;
  if (panel.open && document.activeElement === button) return button.click();
  panel.open = true;
  button.focus();
}

// Moves the focus into the next of several groups, one on each card, and round again.
function nextGroup(selector, inside) {
  const groups = [...(form()?.querySelectorAll(selector) ?? [])];
  if (!groups.length) return;
  const group = groups[(groups.findIndex((one) => one.contains(document.activeElement)) + 1) % groups.length];
  if (group.tagName === "DETAILS") group.open = true;
  (group.querySelector(`${inside}:checked`) ?? group.querySelector(inside)).focus();
}

function nextConfidence() {
  const levels = [...(form()?.querySelectorAll("[name=confidence]") ?? [])];
  const now = levels.findIndex((level) => level.checked);
  const next = levels[now + 1] ?? levels[now];
  if (!next) return;
  next.click();
  const words = next.checked ? next.parentElement.textContent.trim() : "–";
  announce(word("sure", { words }));
}

const ACTS = {
  card1: () => pressCard(0),
  card2: () => pressCard(1),
  card3: () => pressCard(2),
  tie: () => press("[data-act=tie]"),
  bad: () => press("[name=all_bad]"),
  wrong: () => nextGroup(".steps", "input"),
  why: () => nextGroup(".why", "input"),
  sure: nextConfidence,
  answer: () => press("[name=doubt][value=answer_wrong]"),
  question: () => press("[name=doubt][value=question_unclear]"),
  skip: () => openPanel("skip"),
  flag: () => openPanel("flag"),
  undo: () => document.dispatchEvent(new Event("desk:undo")),
  help: () => help.showModal(),
};

// What a key acts on: an act whose target the page lacks is neither listed nor bound.
const TARGETS = {
  card3: "[data-card]:nth-of-type(3)",
  tie: "[data-act=tie]",
  bad: "[name=all_bad]",
  wrong: ".steps",
  why: ".why",
  sure: "[name=confidence]",
  answer: "[name=doubt]",
  question: "[name=doubt]",
  skip: "[data-panel=skip]",
  flag: "[data-panel=flag]",
};

let keymap = {};

function readKeys() {
  const kept = store.read(MAP) ?? {};
  keymap = Object.fromEntries(rows.map((row) => [row.dataset.keyAct, kept[row.dataset.keyAct] ?? row.dataset.key]));
}

function showKeys() {
  for (const row of rows) row.querySelector("kbd").textContent = keymap[row.dataset.keyAct];
  for (const hint of document.querySelectorAll("[data-hint]")) hint.textContent = keymap[hint.dataset.hint];
  if (!form()) return;
  for (const row of rows) {
    const target = TARGETS[row.dataset.keyAct];
    row.hidden = Boolean(target && !find(target));
  }
}

const status = (said) => (document.getElementById("key-status").textContent = said);
let changing = null; // the row whose key is being changed

function startChange(row) {
  changing = row;
  status(word("press_key"));
  row.querySelector("kbd").textContent = "…";
}

function change(event) {
  const { key } = event;
  if (["Shift", "Control", "Alt", "Meta"].includes(key)) return;
  event.preventDefault();
  const act = changing.dataset.keyAct;
  const chosen = key.toLowerCase();
  const other = rows.find((row) => row.dataset.keyAct !== act && keymap[row.dataset.keyAct] === chosen);
  if (key === "Escape") status("");
  else if ([...key].length !== 1 || key === " ") return status(word("not_a_key"));
  else if (other) return status(word("taken", { key: chosen, words: other.querySelector("dd span").textContent }));
  else {
    keymap[act] = chosen;
    store.write(MAP, keymap);
    status(word("key_is", { key: chosen }));
  }
  changing = null;
  showKeys();
}

function applySwitch(on) {
  keysOn.checked = on;
  document.documentElement.classList.toggle("keys-off", !on);
}

// A step or a level is taken back where the focus is.
function takeBack(event) {
  const { target } = event;
  if (!["Backspace", "Delete"].includes(event.key) || !target.matches("[data-again]:checked")) return false;
  event.preventDefault();
  target.click();
  return true;
}

function onKey(event) {
  if (changing) return change(event);
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (help.open || event.target.closest(TYPING) || takeBack(event)) return;
  const act = Object.keys(keymap).find((name) => keymap[name] === event.key.toLowerCase());
  // Something waits to be sent, and the page says so: whoever goes on by keys is told once more.
  if (form()?.inert && act !== "help") return announce(document.getElementById("trouble").textContent);
  if (event.key === "Enter") {
    // Elsewhere Enter already means something: it presses the control, or submits the form by itself.
    if (event.target.closest("a, button, summary, input")) return;
    event.preventDefault();
    return press("[data-act=submit]");
  }
  if (!act || !keysOn.checked) return;
  event.preventDefault();
  ACTS[act]();
}

if (help) {
  keysOn.addEventListener("change", () => {
    applySwitch(keysOn.checked);
    store.write(SWITCH, keysOn.checked ? "on" : "off");
  });
  help.addEventListener("close", () => {
    changing = null;
    showKeys();
  });
  // Escape leaves the change of a key, not the sheet.
  help.addEventListener("cancel", (event) => changing && event.preventDefault());
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-act=help]")) help.showModal();
    const remap = event.target.closest("[data-act=remap]");
    if (remap) startChange(remap.closest("[data-key-act]"));
    if (event.target.closest("[data-act=reset-keys]")) {
      store.write(MAP, {});
      readKeys();
      showKeys();
      status(word("keys_reset"));
    }
  });
  document.addEventListener("desk:begin", showKeys);
  applySwitch(store.read(SWITCH) !== "off");
  readKeys();
  showKeys();
}
