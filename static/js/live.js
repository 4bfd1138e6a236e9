// Parts of a page that fetch themselves: what the reader opened stays open, a log that is followed stays at its end,
// and a page that nobody looks at asks nothing.

const AT_END = 24; // px from the end that still count as "at the end"

document.documentElement.classList.add("has-script");

let opened = new Map();
let places = new Map();

const isAtEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < AT_END;

function remember(part) {
  opened = new Map([...part.querySelectorAll("details[id]")].map((details) => [details.id, details.open]));
  places = new Map(
    [...part.querySelectorAll("[data-follow], .table-frame")].map((box, index) => [
      box.id || index,
      box.hasAttribute("data-follow") && isAtEnd(box) ? Infinity : box.scrollTop,
    ]),
  );
}

function restore(part) {
  part.querySelectorAll("details[id]").forEach((details) => {
    if (opened.has(details.id)) details.open = opened.get(details.id);
  });
  part.querySelectorAll("[data-follow], .table-frame").forEach((box, index) => {
    const place = places.get(box.id || index);
    if (place !== undefined) box.scrollTop = Math.min(place, box.scrollHeight);
  });
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.hasAttribute("hx-trigger")) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  // Signed out meanwhile: the answer is the sign-in page, not a part of this one.
  if (xhr.responseURL && new URL(xhr.responseURL).pathname.startsWith("/accounts/")) {
    event.detail.shouldSwap = false;
    location.reload();
    return;
  }
  remember(target);
});

document.addEventListener("htmx:afterSwap", (event) => restore(document.getElementById(event.detail.target.id) ?? document));

document.addEventListener(
  "toggle",
  (event) => event.target.querySelectorAll?.("[data-follow]").forEach((log) => (log.scrollTop = log.scrollHeight)),
  true,
);
