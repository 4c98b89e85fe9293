for (const figure of document.querySelectorAll("figure.chart")) {
  const legend = figure.querySelector(".curves");
  if (!legend) continue;
  legend.hidden = false;
  for (const box of legend.querySelectorAll("[data-toggle]")) {
    const parts = figure.querySelectorAll(`[data-curve="${box.dataset.toggle}"]`);
    box.after(swatch(lineOf(figure, box.dataset.toggle)));
    box.addEventListener("change", () => {
      for (const part of parts) part.style.display = box.checked ? "" : "none";
      figure.chart?.setSeries(1 + figure.read.findIndex(curve => curve.policy == box.dataset.toggle), { show: box.checked });
    });
  }
  readable(figure, JSON.parse(document.getElementById(figure.dataset.chart).content.textContent));
}

function lineOf(figure, policy) {
  return figure.querySelector(`[data-curve="${policy}"][data-piece="0"] path`);
}
function swatch(line) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg"), copy = document.createElementNS("http://www.w3.org/2000/svg", "path");
  picture.setAttribute("viewBox", "0 0 22 6");
  picture.setAttribute("class", "swatch");
  picture.setAttribute("aria-hidden", "true");
  copy.setAttribute("d", "M 0 3 H 22");
  copy.setAttribute("style", line?.getAttribute("style") ?? "");
  picture.append(copy);
  return picture;
}

/* Values are read on the curves with a pointer, a finger or the keys. The picture stays what is seen: the chart above it is clear. */
function readable(figure, said) {
  const drawing = figure.querySelector(".drawing"), over = document.createElement("div"), tip = document.createElement("div");
  const legend = figure.querySelector(".curves legend"), last = said.x.length - 1, fractions = list => list.map(n => n == null ? n : n / 1e4);
  const [left, top, width, height] = fractions(said.box);
  said.width = fractions(said.width);
  for (const curve of said.curves) Object.assign(curve, { height: fractions(curve.height), y: curve.y.split("|") });
  let near = -1, chart;
  figure.read = said.curves;
  over.className = "over screen";
  Object.assign(over.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
  for (const [name, value] of Object.entries({ role: "slider", tabindex: 0, "aria-label": "Values on the curves: left and right move, up and down change the curve", "aria-valuemin": 0, "aria-valuemax": last })) over.setAttribute(name, value);
  tip.className = "tip";
  tip.hidden = true;
  over.append(tip);
  drawing.append(over);

  const at = i => `${said.name} ${said.x[i]}`;
  function read(i) {
    legend.textContent = `At ${at(i)}`;
    for (const curve of said.curves) figure.querySelector(`[data-read="${curve.policy}"]`).textContent = curve.height[i] == null ? "" : curve.y[i];
  }
  function leave() {
    tip.hidden = true;
    near = -1;
    figure.classList.remove("reading");
    over.setAttribute("aria-valuenow", last);
    over.setAttribute("aria-valuetext", at(last));
    read(last);
  }
  function show(i) {
    const curve = said.curves[near];
    over.setAttribute("aria-valuenow", i);
    over.setAttribute("aria-valuetext", curve?.height[i] == null ? at(i) : `${at(i)}, ${curve.label}: ${curve.y[i]}`);
    read(i);
    figure.classList.toggle("reading", curve?.height[i] != null);
    tip.hidden = curve?.height[i] == null;
    if (tip.hidden) return;
    for (const part of figure.querySelectorAll("[data-curve]")) part.classList.toggle("near", part.dataset.curve == curve.policy);
    const strong = document.createElement("strong");
    strong.textContent = curve.y[i];
    tip.replaceChildren(at(i), document.createElement("br"), `${curve.label}: `, strong);
    const x = said.width[i] * over.clientWidth, y = (1 - curve.height[i]) * over.clientHeight, room = 14;
    const from = over.offsetLeft, beside = said.width[i] > 0.5 ? x - tip.offsetWidth - room : x + room;
    tip.style.left = `${Math.max(-from, Math.min(drawing.clientWidth - from - tip.offsetWidth, beside))}px`;
    tip.style.top = `${curve.height[i] > 0.6 ? y + room : y - tip.offsetHeight - room}px`;
  }
  function move(i, to) {
    i = Math.max(0, Math.min(last, i));
    chart.setCursor({ left: chart.valToPos(said.width[i], "x"), top: chart.valToPos(said.curves[to]?.height[i] ?? 0.5, "y") });
    near = to;
    show(i);
  }
  const shown = i => said.curves.map((_, k) => k).filter(k => said.curves[k].height[i] != null && chart.series[k + 1].show).sort((a, b) => said.curves[a].height[i] - said.curves[b].height[i]);
  const here = () => chart.cursor.left >= 0 && chart.cursor.idx != null ? chart.cursor.idx : last;
  over.addEventListener("focus", () => { if (over.matches(":focus-visible")) move(here(), shown(here())[0]); });
  over.addEventListener("blur", () => chart.setCursor({ left: -10, top: -10 }));
  over.addEventListener("keydown", event => {
    const i = here(), curves = shown(i), step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -last, End: last }[event.key];
    const turn = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key == "Escape") chart.setCursor({ left: -10, top: -10 });
    else if (step) move(i + step, near >= 0 ? near : curves[0]);
    else if (turn) move(i, curves[Math.max(0, Math.min(curves.length - 1, curves.indexOf(near) + turn))]);
    else return;
    event.preventDefault();
  });
  over.addEventListener("pointermove", event => {
    if (event.pointerType == "mouse") return;
    const box = over.getBoundingClientRect();
    chart.setCursor({ left: event.clientX - box.left, top: event.clientY - box.top });
  });

  const colours = said.curves.map(curve => lineOf(figure, curve.policy)?.style.stroke || "currentColor");
  new ResizeObserver(() => {
    const size = { width: Math.round(over.clientWidth), height: Math.round(over.clientHeight) };
    if (!size.width || !size.height) return;
    if (chart) return chart.setSize(size);
    figure.chart = chart = new uPlot({
      ...size, padding: [0, 0, 0, 0], legend: { show: false }, axes: [{ show: false }, { show: false }],
      scales: { x: { time: false, range: [0, 1] }, y: { range: [0, 1] } },
      focus: { alpha: 1 },
      cursor: {
        y: false, drag: { x: false, y: false, setScale: false }, focus: { prox: 1e6 },
        points: { size: 8, width: 2, fill: (_, k) => colours[k - 1], stroke: () => "var(--paper)" },
        move: (u, x, y) => [x < 0 ? x : u.valToPos(said.width[u.posToIdx(x)], "x"), y],
      },
      series: [{}, ...said.curves.map(() => ({ paths: () => null, points: { show: false }, stroke: "#000", width: 0 }))],
      hooks: {
        setSeries: [(_, k, options) => { if (options.focus && k != null) near = k - 1; }],
        setCursor: [u => u.cursor.left < 0 || u.cursor.idx == null ? leave() : show(u.cursor.idx)],
      },
    }, [said.width, ...said.curves.map(curve => curve.height)], over);
    over.append(tip);
  }).observe(over);
  leave();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).content.textContent;
    const said = button.parentElement.querySelector("[role=status]"), field = button.parentElement.querySelector("textarea");
    said.textContent = "";
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied.";
    } catch {
      field.hidden = false;
      field.value = text;
      field.focus();
      field.select();
      said.textContent = "The browser does not let pages copy; the text is selected.";
    }
  });
}
const closed = [];
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) { closed.push(part); part.open = true; }
});
addEventListener("afterprint", () => { for (const part of closed.splice(0)) part.open = false; });
function reveal(hash) {
  document.getElementById(decodeURIComponent(hash.slice(1)))?.closest("details")?.setAttribute("open", "");
}
addEventListener("hashchange", () => reveal(location.hash));
reveal(location.hash);
