// Draws every <figure data-chart> of the page from the Vega-Lite specification in it: in the page's colours, again when
// these change or htmx brings new numbers. Vega comes only where there is something to draw, and evaluates its
// expressions with an interpreter, for the Content-Security-Policy forbids eval.

const { vega, vegaLite, interpreter } = document.getElementById("charts").dataset;
const dark = matchMedia("(prefers-color-scheme: dark)");
const drawn = new Map(); // figure id -> {view, node, spec}
let loading;

function load(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}

function libraries() {
  loading ??= load(vega).then(() => Promise.all([load(vegaLite), load(interpreter)]));
  return loading;
}

function look() {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  const words = { labelColor: token("ink-soft"), titleColor: token("ink-soft"), labelFontSize: 12, titleFontSize: 12 };
  const font = { labelFont: token("font-ui"), titleFont: token("font-ui"), titleFontWeight: 600 };
  return {
    background: "transparent",
    aria: false, // the figure says what it shows
    axis: { ...words, ...font, gridColor: token("line"), domainColor: token("line-strong"), tickColor: token("line-strong") },
    legend: { ...words, ...font, orient: "top" },
    title: { color: token("ink"), font: token("font-text") },
    view: { stroke: null },
    line: { strokeWidth: 2.5 },
    mark: { color: token("link") },
    rule: { color: token("ink-soft") },
    text: { color: token("ink"), font: token("font-ui") },
    range: { category: ["link", "gilt-mark", "good", "bad", "ink-soft", "warn"].map(token) },
  };
}

async function draw(figure) {
  const text = document.getElementById(figure.dataset.chart).textContent;
  const plot = figure.querySelector(".chart__plot");
  const before = drawn.get(figure.id);
  // The picture that was there stays until the new one is ready: nothing blinks.
  if (before) plot.replaceChildren(before.node);
  if (before?.text === text && before.dark === dark.matches && before.width === plot.clientWidth) return;
  await libraries();
  const spec = { ...JSON.parse(text), autosize: { type: "fit", contains: "padding" } };
  const node = document.createElement("div");
  node.style.inlineSize = "100%"; // through the object model: the policy allows that
  if (spec.width === "container") spec.width = plot.clientWidth;
  const { vega: engine, vegaLite: compiler, vegaInterpreter } = globalThis;
  const program = engine.parse(compiler.compile(spec, { config: look() }).spec, null, { ast: true });
  const view = new engine.View(program, {
    expr: vegaInterpreter.expressionInterpreter,
    renderer: "svg",
    container: node,
    hover: true,
    logLevel: engine.Error,
  });
  await view.runAsync();
  // The plot around it has a role and a name; of the marks that Vega gives roles to, none would have one.
  node.querySelector("svg").setAttribute("aria-hidden", "true");
  before?.view.finalize();
  drawn.set(figure.id, { view, node, text, dark: dark.matches, width: plot.clientWidth });
  // htmx may have brought another figure of this name meanwhile.
  document.getElementById(figure.id)?.querySelector(".chart__plot").replaceChildren(node);
}

function drawAll() {
  document.querySelectorAll("figure[data-chart]").forEach((figure) => {
    draw(figure).catch((error) => {
      figure.dataset.failed = error.message;
      figure.querySelector("details").open = true; // the numbers are still there
    });
  });
}

let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(drawAll, 150);
});
dark.addEventListener("change", drawAll);
document.addEventListener("htmx:afterSwap", drawAll);
drawAll();
