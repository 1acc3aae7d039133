"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const unique = (values) => [...new Set(values)];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // Okabe and Ito's colours, told apart by colour-blind readers too, from dark to bright.
  const colours = ["#0f8a7e", "#d55e00", "#5b7fd4", "#c9829f", "#b58900", "#56a3d9", "#8a6fb0", "#7a8b3c", "#a0522d", "#6b7280"];
  const symbols = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon", "hexagon", "triangle-down"];
  const options = { displayModeBar: false, responsive: true };

  // Names of methods can be long. Beside a row they are broken into lines, over a column they are cut; hovering tells them whole.
  const MOST = 46, MOST_ABOVE = 34;
  function lines(name) {
    const found = [];
    while (name.length > MOST) {
      const at = Math.max(...[" (", "[", ",", " · "].map((mark) => { const k = name.lastIndexOf(mark, MOST - 2); return k < 12 ? 0 : k + (mark === "," || mark === "[" ? 1 : 0); })) || MOST;
      found.push(name.slice(0, at));
      name = name.slice(at).trimStart();
    }
    return [...found, name];
  }
  const broken = (name) => lines(name).join("<br>");
  const folded = (words, most = 15) => words.split(" ").reduce((found, word) => (found && found.length - found.lastIndexOf(">") + word.length > most ? `${found}<br>${word}` : `${found} ${word}`.trim()), "");
  const deep = (names) => 15 * Math.max(...names.map((name) => lines(name).length)) + 6; // pixels of the tallest
  const wide = (names) => Math.max(...names.flatMap((name) => lines(name).map((line) => line.length)));
  const cut = (name) => (name.length > MOST_ABOVE ? `${name.slice(0, MOST_ABOVE - 1).replace(/&[a-z]*$/, "")}…` : name);

  function fill(select, values) {
    const before = select.value;
    select.replaceChildren(...values.map((value) => Object.assign(document.createElement("option"), { value, textContent: value })));
    if (values.includes(before)) select.value = before;
    select.parentElement.style.display = values.length > 1 ? "" : "none";
  }

  function layout(more) {
    const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), linecolor: colour("--line"), automargin: true };
    const base = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", colorway: colours, margin: { l: 20, r: 20, t: 10, b: 20 },
      font: { family: "system-ui, 'DejaVu Sans', sans-serif", size: 13, color: colour("--ink") },
      hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--ink") }, align: "left" },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    };
    return { ...base, ...more, xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, ...more.yaxis } };
  }

  function say(id, words) {
    if (window.Plotly) Plotly.purge(byId(id));
    byId(id).replaceChildren(Object.assign(document.createElement("p"), { className: "quiet", textContent: words }));
  }

  function draw(id, traces, shape) {
    const place = byId(id);
    if (place.querySelector(":scope > p.quiet")) place.replaceChildren();
    Plotly.react(place, traces, layout(shape), options);
  }

  function drawWins() {
    const metric = byId("win-metric").value;
    const slices = data.wins.filter((w) => w.metric === metric);
    fill(byId("win-slice"), slices.map((w) => w.label));
    const w = slices.find((s) => s.label === byId("win-slice").value);
    if (!w) return say("wins", "No two methods share a block.");
    const count = w.names.length, slanted = count > 4 || wide(w.names) > 12;
    const above = slanted ? w.names.map(cut) : w.names.map(broken);
    const long = 6.4 * Math.max(...above.map((name) => name.length)); // pixels, about
    const left = 6.4 * wide(w.names) + 60, right = slanted ? Math.max(20, ...above.map((name, k) => 5 * name.length - 30 * (count - 1 - k))) : 20;
    const room = byId("wins").parentElement.clientWidth - 40 - left - right;
    const size = Math.min(76, Math.max(30, Math.min(room, 760) / count));
    const places = w.names.map((_, k) => k), high = Math.max(size, deep(w.names));
    const share = w.share.map((row, i) => row.map((s, j) => (i === j ? null : s)));
    const hover = w.share.map((row, i) => row.map((s, j) => {
      if (i === j) return `${w.names[i]}<br>${w.n[i][j]} cells`;
      if (!w.n[i][j]) return `${w.names[i]} and ${w.names[j]}<br>share no block`;
      return `<b>${w.names[i]}</b> over ${w.names[j]}<br>${w.wins[i][j]} wins, ${w.wins[j][i]} losses, ${w.ties[i][j]} ties<br>of ${w.n[i][j]} blocks: W = ${(s / 100).toFixed(3)}`;
    }));
    const shown = share.map((row, i) => row.map((s, j) => {
      if (i === j || s === null) return i === j ? "" : "–";
      return size > 55 ? `${Math.round(s)}<br><span style="font-size:10px">n ${w.n[i][j]}</span>` : `${Math.round(s)}`;
    }));
    draw("wins", [{
      type: "heatmap", z: share, x: places, y: places, text: shown, texttemplate: "%{text}", textfont: { size: size > 55 ? 16 : 12 }, customdata: hover,
      hovertemplate: "%{customdata}<extra></extra>", hoverongaps: false, xgap: 3, ygap: 3, zmin: 0, zmax: 100,
      colorscale: [[0, colour("--low")], [0.5, colour("--mid")], [1, colour("--high")]], showscale: false,
    }], {
      height: high * count + (slanted ? 0.65 * long : 60) + 80, width: size * count + left + right, autosize: false,
      margin: { l: left, r: right, t: (slanted ? 0.65 * long : 60) + 60, b: 20 },
      xaxis: { tickvals: places, ticktext: above, side: "top", showgrid: false, zeroline: false, tickangle: slanted ? -40 : 0, ticklabeloverflow: "allow", title: { text: "… the column", standoff: 8 } },
      yaxis: { tickvals: places, ticktext: w.names.map(broken), autorange: "reversed", showgrid: false, zeroline: false, title: { text: "the row beats …", standoff: 12 } },
    });
  }

  function drawGains() {
    const metric = byId("gain-metric").value, kind = byId("gain-kind").value;
    const parts = data.gains.filter((g) => g.metric === metric);
    if (!parts.length) return say("gains", "No method shares a block with the baseline.");
    const traces = parts.map((g, k) => ({
      type: "box", orientation: "h", name: broken(`${g.method} (${g.n})`), x: g[kind], text: g.text, boxpoints: "all", jitter: 0.45, pointpos: 0,
      boxmean: true, marker: { size: 5, opacity: 0.55, color: colours[k % colours.length] }, line: { width: 1.5 },
      fillcolor: "rgba(0,0,0,0)", hovertemplate: "%{text}<br><b>%{x}</b><extra></extra>", hoveron: "points",
    }));
    draw("gains", traces, {
      height: 90 + Math.max(62, deep(parts.map((g) => `${g.method} (${g.n})`))) * parts.length, showlegend: false,
      xaxis: { title: { text: kind === "ratio" ? `gain in ${metric}, % of the baseline` : `gain in ${metric}` }, zeroline: true, zerolinecolor: colour("--quiet"), zerolinewidth: 1.5 },
      yaxis: { autorange: "reversed", showgrid: false },
    });
  }

  function drawScores() {
    const metric = byId("score-metric").value;
    const parts = data.scores.filter((s) => s.metric === metric);
    fill(byId("score-dataset"), parts.map((s) => s.dataset));
    const s = parts.find((p) => p.dataset === byId("score-dataset").value);
    if (!s) return say("scores", "No method has a value.");
    const count = s.traces.length;
    // A method keeps its colour, a family its symbol.
    const methods = unique(s.traces.map((t) => t.method)), families = unique(s.traces.map((t) => t.base)).sort();
    const traces = s.traces.map((t, k) => {
      const shift = count > 1 ? (k / (count - 1) - 0.5) * 0.56 : 0;
      return {
        type: "scatter", mode: "markers", name: t.name, x: t.x.map((x) => s.places.indexOf(x) + shift), y: t.y,
        text: t.text.map((words, i) => `${t.x[i]}<br>${t.y[i].toFixed(4)}${t.sd[i] ? ` ± ${t.sd[i].toFixed(4)}` : ""}<br>${words}`),
        hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
        error_y: { type: "data", array: t.sd, thickness: 1.3, width: 0, visible: t.sd.some((v) => v > 0) },
        marker: { size: 10, color: colours[methods.indexOf(t.method) % colours.length], symbol: symbols[families.indexOf(t.base) % symbols.length], line: { width: 1, color: colour("--card") } },
      };
    });
    const edges = s.places.slice(1).map((_, k) => ({ type: "line", xref: "x", yref: "paper", x0: k + 0.5, x1: k + 0.5, y0: 0, y1: 1, line: { color: colour("--line"), width: 1 } }));
    draw("scores", traces, {
      height: 460, shapes: edges, hovermode: "closest",
      xaxis: { tickvals: s.places.map((_, k) => k), ticktext: s.places.map((p) => p.replace(" ", ", ").split(", ").map((part) => folded(part)).join("<br>")), tickangle: s.places.length > 14 ? -40 : 0, tickfont: { size: 11.5 }, range: [-0.5, s.places.length - 0.5], showgrid: false, zeroline: false },
      yaxis: { title: { text: metric, standoff: 10 }, zeroline: false },
    });
  }

  const both = (c) => c.pair.join(" and ");

  function drawCurves() {
    const along = data.curves.filter((c) => c.along === byId("curve-along").value);
    fill(byId("curve-place"), along.map((c) => c.place));
    const c = along.find((p) => p.place === byId("curve-place").value);
    fill(byId("curve-metric"), [...(c.pair.length ? [both(c)] : []), ...c.metrics]);
    const chosen = byId("curve-metric").value, shown = c.pair.length && chosen === both(c) ? c.pair : [chosen];
    const names = unique(c.lines.map((l) => l.name)), places = unique(c.lines.flatMap((l) => l.x)).sort((a, b) => a - b);
    const scale = (x) => (c.log ? Math.log2(x) : x), gap = c.log ? 0.12 : 0.02 * (places.at(-1) - places[0]);
    slopeTable(c, shown, names);
    if (!window.Plotly) return;
    const traces = c.lines.filter((l) => shown.includes(l.metric)).map((l) => {
      const k = names.indexOf(l.name), panel = shown.indexOf(l.metric), colour_ = colours[k % colours.length];
      const shift = names.length > 1 ? (k / (names.length - 1) - 0.5) * gap : 0; // so that bars do not lie on each other
      return {
        type: "scatter", mode: "lines+markers", name: l.label, legendgroup: l.name, showlegend: !panel || !c.lines.some((o) => o.name === l.name && o.metric === shown[0]),
        x: l.x.map((x) => scale(x) + shift), y: l.mean, xaxis: panel ? "x2" : "x", yaxis: panel ? "y2" : "y",
        text: l.x.map((x, i) => `${l.label}<br>${c.along} ${x}: <b>${l.metric} ${l.mean[i].toFixed(1)}</b>${l.half[i] === null ? "" : ` ± ${l.half[i].toFixed(1)}`}<br>${l.n[i]} cells`),
        hovertemplate: "%{text}<extra></extra>", line: { color: colour_, width: 2 }, marker: { size: 8, color: colour_, symbol: symbols[Math.floor(k / colours.length) % symbols.length] },
        error_y: { type: "data", array: l.half.map((h) => h ?? 0), thickness: 1.2, width: 0, visible: l.half.some((h) => h > 0) },
      };
    });
    const ends = [scale(places[0]) - 2 * gap, scale(places.at(-1)) + 2 * gap];
    const side = { tickvals: places.map(scale), ticktext: places.map(String), title: { text: c.along, standoff: 8 }, zeroline: false, range: ends };
    // An interval of Student's t may reach beyond what a share can be: the axis does not.
    const drawn = c.lines.filter((l) => shown.includes(l.metric)), bounded = shown.every((m) => c.percent.includes(m)) && drawn.every((l) => Math.min(...l.mean) >= 0);
    const reach = drawn.flatMap((l) => l.mean.flatMap((m, i) => [m - (l.half[i] ?? 0), m + (l.half[i] ?? 0)]));
    const span = bounded ? { range: [Math.max(-1, Math.min(...reach) - 3), Math.min(101, Math.max(...reach) + 3)] } : {};
    const unit = (metric) => (c.percent.includes(metric) ? `${metric}, %` : metric);
    draw("curves", traces, {
      height: 420 + 11 * names.length, hovermode: "closest",
      xaxis: { ...side, domain: shown.length > 1 ? [0, 0.47] : [0, 1] }, yaxis: { ...span, title: { text: unit(shown[0]), standoff: 10 }, zeroline: false },
      ...(shown.length > 1 ? {
        xaxis2: { ...side, domain: [0.53, 1], anchor: "y2", gridcolor: colour("--line"), linecolor: colour("--line") },
        yaxis2: { anchor: "x2", matches: "y", side: "right", title: { text: unit(shown[1]), standoff: 10 }, zeroline: false, gridcolor: colour("--line"), linecolor: colour("--line"), automargin: true },
      } : {}),
    });
  }

  function slopeTable(c, shown, names) {
    const row = (cells, tag) => {
      const made = document.createElement("tr");
      made.append(...cells.map((cell, k) => Object.assign(document.createElement(k ? tag : "th"), { textContent: cell.text, className: (k ? "num" : "") + (cell.bold ? " best" : "") + (cell.quiet ? " quiet" : "") })));
      return made;
    };
    const told = (s) => (s ? { text: number(s.slope) + (s.low === null ? "" : ` (${number(s.low)} to ${number(s.high)})`), bold: s.low !== null && s.low * s.high > 0 } : { text: "" });
    const head = document.createElement("thead"), body = document.createElement("tbody");
    head.append(row([{ text: "method" }, ...shown.map((m) => ({ text: `${m}${c.percent.includes(m) ? ", points" : ""} per ${c.unit}` })), { text: "cells" }], "th"));
    for (const name of names) {
      const own = shown.map((m) => c.lines.find((l) => l.name === name && l.metric === m));
      if (own.some(Boolean)) body.append(row([{ text: name }, ...own.map((l) => told(l && l.slope)), { text: String(Math.max(...own.map((l) => (l ? l.slope.points : 0)))) }], "td"));
    }
    for (const r of c.reported) {
      const own = shown.map((m) => r.slopes[m]);
      if (own.some(Boolean)) body.append(row([{ text: r.name, quiet: true }, ...own.map(told), { text: String(own.find(Boolean).points) }], "td"));
    }
    byId("curve-slopes").replaceChildren(head, body);
  }

  const number = (value) => value === 0 ? "0" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(Math.abs(value) < 0.1 ? 2 : 1)}`;

  const percent = (part, whole) => (whole ? (100 * part) / whole : null);
  const total = (values) => values.reduce((sum, value) => sum + value, 0);

  function drawClasses() {
    const place = byId("class-place").value, all = "all methods";
    const c = data.classes.find((p) => p.place === place) || data.classes[0];
    fill(byId("class-method"), [all, ...c.names]);
    const method = byId("class-method").value || all, rate = byId("class-rate").value;
    byId("class-rate").parentElement.style.display = method === all ? "" : "none";
    const column = (m, k) => total(m.map((line) => line[k]));
    const many = method === all;
    const one = c.confusion[c.names.indexOf(method)];
    const z = many
      ? c.confusion.map((m) => c.classes.map((_, k) => (rate === "recall" ? percent(m[k][k], total(m[k])) : percent(m[k][k], column(m, k)))))
      : one.map((line) => line.map((count) => percent(count, total(line))));
    const rows = many ? c.names : c.classes;
    const hover = z.map((line, i) => line.map((v, k) => (v === null ? "no sample" : many
      ? `${rows[i]}<br>${c.classes[k]}: <b>${v.toFixed(1)} %</b>`
      : `${rows[i]} called ${c.classes[k]}<br><b>${v.toFixed(1)} %</b>, ${one[i][k]} samples`)));
    const width = wide(rows) * 6.4 + 60, size = Math.min(64, Math.max(24, 760 / c.classes.length));
    const long = Math.max(...c.classes.map((name) => name.length)), high = many ? 14 + 16 * Math.max(...rows.map((name) => lines(name).length)) : Math.max(24, Math.min(40, size));
    draw("classes", [{
      type: "heatmap", z, x: c.classes.map((_, k) => k), y: rows.map((_, k) => k), xgap: 2, ygap: 2, zmin: 0, zmax: 100, showscale: false,
      text: z.map((line) => line.map((v) => (v === null || (!many && v < 0.5) ? "" : Math.round(v)))), texttemplate: size > 26 ? "%{text}" : "", textfont: { size: 11.5 },
      customdata: hover, hovertemplate: "%{customdata}<extra></extra>", hoverongaps: false, colorscale: [[0, colour("--card")], [1, colour("--high")]],
    }], {
      width: size * c.classes.length + width + 5 * long, height: high * rows.length + 4.4 * long + 60 + (many ? 0 : 30), autosize: false,
      margin: { l: width, r: 5 * long, t: 4.4 * long + 30 + (many ? 0 : 24), b: 20 },
      xaxis: { tickvals: c.classes.map((_, k) => k), ticktext: c.classes, side: "top", tickangle: -40, ticklabeloverflow: "allow", showgrid: false, zeroline: false, title: many ? undefined : { text: "… is called", standoff: 8 } },
      yaxis: { tickvals: rows.map((_, k) => k), ticktext: rows.map(broken), autorange: "reversed", showgrid: false, zeroline: false },
    });
  }

  function figures() {
    if (!window.Plotly) {
      ["wins", "gains", "scores", "curves", "classes"].forEach((id) => byId(id) && say(id, "This figure needs plotly.min.js beside the page; `eobench leaderboard build` writes it."));
      if (byId("curves")) drawCurves(); // its table needs no script
      return;
    }
    if (byId("wins")) { drawWins(); drawGains(); drawScores(); }
    if (byId("curves")) drawCurves();
    if (byId("classes")) drawClasses();
  }

  if (byId("wins")) {
    fill(byId("win-metric"), unique(data.wins.map((w) => w.metric)));
    fill(byId("gain-metric"), unique(data.gains.map((g) => g.metric)));
    fill(byId("score-metric"), unique(data.scores.map((s) => s.metric)));
    const listen = (ids, then) => ids.forEach((id) => byId(id).addEventListener("change", then));
    listen(["win-metric", "win-slice"], drawWins);
    listen(["gain-metric", "gain-kind"], drawGains);
    listen(["score-metric", "score-dataset"], drawScores);
    if (byId("curves")) {
      fill(byId("curve-along"), unique(data.curves.map((c) => c.along)));
      listen(["curve-along", "curve-place", "curve-metric"], drawCurves);
    }
    if (byId("classes")) {
      fill(byId("class-place"), data.classes.map((c) => c.place));
      listen(["class-place", "class-method", "class-rate"], drawClasses);
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", figures);
  }
  figures();

  const body = byId("cells").tBodies[0], rows = [...body.rows], heads = [...byId("cells").tHead.rows[0].cells];
  const words = rows.map((row) => row.textContent.toLowerCase());
  function show() {
    const find = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean), status = byId("status").value;
    let count = 0;
    rows.forEach((row, k) => {
      const kept = (!status || row.dataset.status === status) && find.every((word) => words[k].includes(word));
      row.hidden = !kept;
      count += kept;
    });
    byId("shown").textContent = `${count} of ${rows.length} cells`;
  }
  byId("find").addEventListener("input", show);
  byId("status").addEventListener("change", show);
  show();

  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const numeric = head.classList.contains("num");
    const before = head.getAttribute("aria-sort");
    const down = before ? before === "ascending" : numeric;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = new Map(rows.map((row) => [row, row.cells[column].textContent.trim()]));
    const order = new Intl.Collator("en", { numeric: true });
    body.append(...[...rows].sort((a, b) => {
      const x = value.get(a), y = value.get(b);
      if (!x || !y) return !x - !y; // cells without a value stay last
      const sign = numeric ? parseFloat(x) - parseFloat(y) : order.compare(x, y);
      return down ? -sign : sign;
    }));
  }));
})();
