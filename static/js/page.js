// What the desk's modules share: the card form, the words of the rater's language, and saying things. First of them all.

const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
const trouble = document.getElementById("trouble");

function word(name, values = {}) {
  return String(words[name] ?? "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

function announce(said) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = "";
  requestAnimationFrame(() => (announcer.textContent = said));
}

// What stands in the way, until it does no more (an empty word).
function complain(said) {
  document.getElementById("trouble-box").hidden = !said;
  trouble.textContent = said;
}

// Storage may be forbidden or full: the answer is then null, or false.
const store = {
  read(key) {
    let text = null;
    try {
      text = localStorage.getItem(key);
      return JSON.parse(text);
    } catch {
      return text; // a bare word, as an earlier version wrote it
    }
  },
  write(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  },
  // Drops every key of which `test` says so.
  drop(test) {
    try {
      Object.keys(localStorage).filter(test).forEach((key) => localStorage.removeItem(key));
    } catch {
      // nothing was stored
    }
  },
};

globalThis.desk = Object.freeze({
  form: () => document.querySelector("form[data-cards]"),
  list: (name) => words[name] ?? [],
  word,
  announce,
  complain,
  store,
});
