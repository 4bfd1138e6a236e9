// A field that the browser finds wrong may lie in a closed section, where it can neither be shown nor focused: the
// section opens first. (The event does not bubble; it is caught on its way down.)

document.addEventListener(
  "invalid",
  (event) => {
    for (let box = event.target.closest("details"); box; box = box.parentElement?.closest("details")) box.open = true;
  },
  true,
);
