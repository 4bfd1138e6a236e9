// Buttons that copy a text of the page. Without script they stay hidden, and the text can be selected all the same.

const WORDS_MS = 2_000;

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = button.dataset.copied ?? "Copied";
  } catch {
    // No clipboard for pages without https: select the text, so that the keyboard copies it.
    getSelection().selectAllChildren(source);
    button.textContent = button.dataset.selected ?? "Selected";
  }
  setTimeout(() => (button.textContent = words), WORDS_MS);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => copy(button));
}
