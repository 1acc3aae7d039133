"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const pools = JSON.parse(document.getElementById("pools").textContent);
  const byId = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const escape = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const classes = data.classes.map(escape);
  const className = (k) => (k < 0 ? "unlabelled" : classes[k]);
  const number = (value) => value.toLocaleString("en");
  const subsets = ["train", "val", "test"];
  const options = { displayModeBar: false, responsive: true };

  function make(tag, more, ...children) {
    const made = Object.assign(document.createElement(tag), more);
    made.append(...children);
    return made;
  }

  function fill(select, values, chosen) {
    const before = chosen ?? select.value;
    select.replaceChildren(...values.map((value) => make("option", { value, textContent: value })));
    if (values.includes(before)) select.value = before;
    select.parentElement.hidden = values.length < 2;
  }

  function layout(more) {
    const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), linecolor: colour("--line"), automargin: true };
    const base = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 20, r: 20, t: 14, b: 20 },
      font: { family: "system-ui, 'DejaVu Sans', sans-serif", size: 13, color: colour("--ink") },
      hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--ink") }, align: "left" },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "normal" },
    };
    const made = { ...base, ...more };
    const axes = new Set(["xaxis", "yaxis", ...Object.keys(more).filter((key) => /^[xy]axis\d*$/.test(key))]);
    axes.forEach((key) => { made[key] = { ...axis, ...more[key] }; });
    return made;
  }

  const draw = (id, traces, shape) => Plotly.react(byId(id), traces, layout(shape), options);
  const heat = () => [[0, colour("--heat-0")], [0.45, colour("--heat-1")], [1, colour("--heat-2")]];
  const season = (axis) => (axis === "season" ? { type: "date", tickformat: "%b", hoverformat: "%d %b", dtick: "M1" } : axis === "date" ? { type: "date", hoverformat: "%d %b %Y" } : {});
  // Ticks of a small figure: few, and short; the year stands in the figure's lead.
  function smallTicks(curve) {
    if (curve.axis === "band") return { type: "category", tickangle: -50, dtick: 1, tickvals: curve.x, ticktext: curve.x.map((x) => escape(x.length > 15 ? `${x.slice(0, 14)}…` : x)) };
    if (curve.axis === "day") return { nticks: 5 };
    const months = (new Date(curve.x[curve.x.length - 1]) - new Date(curve.x[0])) / 2.63e9;
    return { type: "date", tickformat: "%b", hoverformat: curve.axis === "date" ? "%d %b %Y" : "%d %b", dtick: months > 14 ? "M4" : months > 5 ? "M3" : "M1" };
  }

  // Classes and splits -------------------------------------------------------
  function drawCounts() {
    const split = data.splits.find((s) => s.name === byId("split").value);
    const total = classes.map((_, k) => subsets.reduce((sum, s) => sum + (split.counts[s]?.[k] ?? 0), 0));
    const order = classes.map((_, k) => k).sort((a, b) => total[a] - total[b]);
    const log = byId("count-axis").value === "log";
    const traces = subsets.filter((s) => split.counts[s]).map((s) => ({
      type: "bar", orientation: "h", name: s, y: order.map((k) => classes[k]), x: order.map((k) => split.counts[s][k] || (log ? null : 0)),
      marker: { color: colour(`--${s}`) }, hovertemplate: `%{y}<br><b>%{x:,}</b> ${s}<extra></extra>`,
    }));
    const size = log ? 16 + 9 * traces.length : 24;
    if (log) traces.reverse();
    draw("counts", traces, {
      height: 110 + size * classes.length, barmode: log ? "group" : "stack", bargap: 0.28, bargroupgap: 0,
      legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0, traceorder: log ? "reversed" : "normal" },
      xaxis: { type: log ? "log" : "linear", dtick: log ? 1 : undefined, title: { text: data.pixels ? "pixels" : "samples", standoff: 6 }, tickformat: ",~f" },
      yaxis: { showgrid: false, ticks: "outside", tickcolor: "rgba(0,0,0,0)", ticklen: 6, dtick: 1 },
    });
  }

  function startCounts() {
    fill(byId("split"), data.splits.map((s) => s.name), data.split);
    const split = data.splits.find((s) => s.name === data.split);
    const total = classes.map((_, k) => subsets.reduce((sum, s) => sum + (split.counts[s]?.[k] ?? 0), 0)).filter((n) => n);
    const ratio = Math.max(...total) / Math.min(...total);
    if (ratio > 30) byId("count-axis").value = "log";
    byId("counts-lead").textContent = total.length < 2 ? "" : ratio < 1.05 ? "All classes have about as many." : `The most frequent class has ${ratio < 10 ? ratio.toFixed(1) : number(Math.round(ratio))} times the ${data.pixels ? "pixels" : "samples"} of the least frequent.`
      + (data.counted ? ` Pixels are counted in ${number(data.counted)} of the class maps.` : "");
  }

  // Pictures -----------------------------------------------------------------
  const key = (ramp, what) => ramp ? [make("span", { className: `key ${what === "NDVI" ? "" : "other"}` }), `${ramp[0].toFixed(2)} to ${ramp[1].toFixed(2)}`] : [];
  const classColour = (k) => data.colours[k] ?? colour("--other");

  function gallery(place, part) {
    const series = part.samples.some((s) => s.pictures.length > 1), maps = part.samples.some((s) => s.map);
    const box = make("div", { className: `gallery ${series ? "series" : maps ? "" : "single"}` });
    for (const sample of part.samples) {
      const all = make("div", { className: "sample" });
      const name = sample.label === null ? "" : data.classes[sample.label];
      sample.pictures.forEach((p, k) => all.append(make("figure", {}, make("img", { src: p.src, alt: `sample ${sample.row} ${p.words}` }),
        make("figcaption", { textContent: [p.words, k === 0 && name].filter(Boolean).join(" · ") || `row ${number(sample.row)}` }))));
      if (sample.map) all.append(make("figure", {}, make("img", { src: sample.map, alt: `classes of sample ${sample.row}` }), make("figcaption", { textContent: "classes" })));
      box.append(all);
    }
    const what = make("p", { className: "quiet" }, `${part.what}, ${part.size.join(" × ")} pixels; one stretch for all. `, ...key(part.ramp, part.what));
    place.append(what, box);
    if (maps) {
      const chips = data.classes.map((name, k) => {
        const swatch = make("i", {});
        swatch.style.background = classColour(k);
        return make("span", {}, swatch, name);
      });
      place.append(make("p", { className: "chips" }, ...chips));
    }
  }

  function drawStrips() {
    const part = data.strips.find((p) => p.name === byId("strip-modality").value), curve = data.curves.find((c) => c.name === part.name);
    const words = (x) => (curve.axis === "day" ? `day ${x}` : new Date(x).toLocaleDateString("en", { month: "short", day: "numeric", year: curve.axis === "date" ? "numeric" : undefined }));
    const ends = part.one ? "" : `${words(curve.x[0])} – ${words(curve.x[curve.x.length - 1])}`;
    const lead = make("p", { className: "quiet" }, part.one ? `Each cell is a pixel: ${part.what}. ` : `A row is a pixel, a column a date: ${part.what}; hatched where nothing was observed. `, ...key(part.ramp, part.what));
    const box = make("div", { className: `bands ${part.one ? "one" : ""}` });
    for (const { index, src } of part.classes) {
      const name = index < 0 ? "unlabelled" : data.classes[index];
      const caption = make("figcaption", {}, make("div", { className: "months" }, make("span", { textContent: name }), make("span", { textContent: ends })));
      box.append(make("figure", {}, make("img", { src, alt: `pixels of ${name}` }), caption));
    }
    byId("strips").replaceChildren(lead, box);
  }

  function startPictures() {
    for (const part of data.images) {
      const card = make("div", { className: "card" });
      if (data.images.length > 1) card.append(make("h3", { textContent: part.name }));
      gallery(card, part);
      byId("images").append(card);
    }
    if (data.strips.length) {
      fill(byId("strip-modality"), data.strips.map((part) => part.name));
      byId("strip-modality").addEventListener("change", drawStrips);
      drawStrips();
    } else byId("strip-card").hidden = true;
    pools.forEach((pool, k) => { if (pool.images) gallery(byId(`pool-images-${k}`), pool.images); });
  }

  // Curves -------------------------------------------------------------------
  function drawSmall(id, curve, measure, wide) {
    const parts = measure.classes, width = byId(id).clientWidth || 1180;
    const across = wide ? 1 : Math.max(1, Math.min(parts.length, Math.floor(width / 285))), down = Math.ceil(parts.length / across);
    const traces = [], annotations = [], shape = {}, band = curve.axis === "band";
    const values = parts.flatMap((c) => [...c.low, ...c.high]).filter((v) => v !== null);
    const low = Math.min(...values), high = Math.max(...values), pad = 0.05 * (high - low) || 0.1;
    const height = 140, gap = 38, labels = band ? 34 + 4.6 * Math.min(15, Math.max(...curve.x.map((x) => x.length))) : 34, total = down * (height + gap) + labels;
    parts.forEach((c, k) => {
      const n = k ? k + 1 : "", row = Math.floor(k / across), last = k + across >= parts.length, left = k % across === 0;
      const top = 1 - (row * (height + gap) + 20) / total, bottom = top - height / total;
      const x0 = (k % across) / across, x1 = x0 + (1 / across) * (across > 1 ? 0.92 : 1);
      shape[`xaxis${n}`] = { ...smallTicks(curve), domain: [x0, x1], anchor: `y${n}`, matches: k ? "x" : undefined, showticklabels: last, tickfont: { size: 11 }, zeroline: false, automargin: false };
      shape[`yaxis${n}`] = { domain: [Math.max(0, bottom), top], anchor: `x${n}`, range: [low - pad, high + pad], showticklabels: left, nticks: 5, tickfont: { size: 11 }, zeroline: false, automargin: false };
      const hue = colour("--accent"), common = { xaxis: `x${n}`, yaxis: `y${n}`, x: curve.x, showlegend: false };
      const known = c.mean.map((v, i) => (v === null ? -1 : i)).filter((i) => i >= 0), pick = (part) => known.map((i) => part[i]);
      traces.push({ ...common, x: known.map((i) => curve.x[i]).concat(known.map((i) => curve.x[i]).reverse()), y: pick(c.high).concat(pick(c.low).reverse()), fill: "toself", fillcolor: hue, opacity: 0.18, line: { width: 0 }, mode: "lines", hoverinfo: "skip" });
      parts.forEach((other, j) => { if (j !== k) traces.push({ ...common, y: other.mean, mode: "lines", line: { color: colour("--other"), width: 0.8 }, opacity: 0.45, hoverinfo: "skip" }); });
      traces.push({ ...common, y: c.mean, customdata: c.mean.map((_, i) => [c.low[i], c.high[i]]), mode: curve.x.length > 40 ? "lines" : "lines+markers", marker: { size: 4, color: hue }, line: { color: hue, width: 2 }, connectgaps: true,
        hovertemplate: `<b>${className(c.index)}</b><br>%{x}<br>mean %{y:.3~f}, %{customdata[0]:.3~f} to %{customdata[1]:.3~f}<extra></extra>` });
      const name = className(c.index);
      annotations.push({ xref: "paper", yref: "paper", x: x0, y: top, xanchor: "left", yanchor: "bottom", showarrow: false, align: "left",
        text: `<b>${name.length > 30 && across > 1 ? `${name.slice(0, 28)}…` : name}</b> <span style="font-size:11px;color:${colour("--quiet")}">${number(c.n)}</span>`, font: { size: 12.5 } });
    });
    draw(id, traces, { height: total, annotations, margin: { l: band ? 66 : 38, r: 8, t: 0, b: 0 }, ...shape });
  }

  function drawCurves() {
    const curve = data.curves.find((c) => c.name === byId("curve-modality").value);
    fill(byId("curve-measure"), curve.measures.map((m) => m.name));
    const measure = curve.measures.find((m) => m.name === byId("curve-measure").value);
    const [low, high] = data.spread, band = curve.axis === "band";
    const years = curve.axis === "date" ? [...new Set([curve.x[0], curve.x[curve.x.length - 1]].map((x) => x.slice(0, 4)))].join(" to ") : "";
    byId("curve-title").textContent = band ? "Class means by band" : "Class means over the year";
    byId("curve-lead").innerHTML = `Line: the mean of the class; shade: ${low} to ${high} % of its pixels; grey: the other classes. Beside each name, how many pixels were drawn.`
      + (years ? ` Across: ${years}.` : "") + (curve.words ? ` Across: ${escape(curve.words)}.` : "") + (curve.units ? ` Bands in ${escape(curve.units)}.` : "");
    drawSmall("curves", curve, measure, false);
  }

  const drawPools = () => pools.forEach((pool, k) => drawSmall(`pool-curves-${k}`, pool.curves, pool.curves.measures[0], true));

  // Dates --------------------------------------------------------------------
  function drawDates() {
    const d = data.dates.find((m) => m.name === byId("date-modality").value), gaps = d.rows.length > 0;
    byId("date-lead").textContent = `${d.missing ? `${d.missing} % of steps are missing` : "Every step of every sample is observed"} (${number(d.sampled)} samples).`
      + (d.binned ? " Each sample has dates of its own: steps are bins of the year." : "") + (gaps ? " Below, some samples, one a row: filled where observed." : "") + (d.words ? ` Across: ${d.words}.` : "");
    const bars = { type: "bar", x: d.x, y: d.share, marker: { color: colour("--train") }, hovertemplate: "%{x}<br><b>%{y} %</b> observed<extra></extra>", showlegend: false };
    const traces = [bars];
    if (gaps) traces.push({ type: "heatmap", x: d.x, y: d.rows.map((_, k) => k + 1), z: d.rows, xaxis: "x", yaxis: "y2", zmin: 0, zmax: 1, colorscale: [[0, colour("--void")], [1, colour("--test")]], showscale: false, hoverinfo: "skip", xgap: 1 });
    draw("dates", traces, {
      height: gaps ? 460 : 240, bargap: 0.25,
      xaxis: { ...season(d.axis), showgrid: false, anchor: gaps ? "y2" : "y" },
      yaxis: { domain: gaps ? [0.56, 1] : [0, 1], range: [0, 104], title: { text: "observed, %", standoff: 8 } },
      ...(gaps ? { yaxis2: { domain: [0, 0.5], showgrid: false, zeroline: false, showticklabels: false, title: { text: `${d.rows.length} samples`, standoff: 8 }, autorange: "reversed" } } : {}),
    });
  }

  // Regions and tables -------------------------------------------------------
  function drawRegions() {
    const r = data.regions.find((m) => m.name === byId("region-of").value);
    const mean = classes.map((_, k) => r.shares.reduce((sum, row) => sum + row[k], 0));
    const order = classes.map((_, k) => k).sort((a, b) => mean[b] - mean[a]);
    const names = r.regions.map((name, k) => (r.n.length ? `${escape(name)} (${number(r.n[k])})` : escape(name)));
    const few = r.regions.length <= 26;
    byId("region-lead").textContent = `Shares of the classes, %${r.regions.length < r.of ? `, in ${r.regions.length} of ${number(r.of)} regions` : ""}; a row a region${r.n.length ? " (number of labels)" : ""}, those with the same main class together.`;
    const places = r.regions.map((_, k) => k), z = r.shares.map((row) => order.map((k) => row[k]));
    draw("regions", [{
      type: "heatmap", z, x: order.map((k) => classes[k]), y: places, text: z.map((row) => row.map((v) => (v >= 0.5 ? Math.round(v) : ""))), texttemplate: few && classes.length <= 26 ? "%{text}" : "", textfont: { size: 11 },
      customdata: names.map((name) => classes.map(() => name)), hovertemplate: "%{customdata}<br>%{x}: <b>%{z} %</b><extra></extra>", colorscale: heat(), zmin: 0, zmax: Math.max(1, ...z.flat()), xgap: 1, ygap: few ? 1 : 0,
      showscale: r.regions.length > 7, colorbar: { title: { text: "%", side: "top" }, thickness: 12, outlinewidth: 0, len: 1, x: 1.01 },
    }], {
      height: 150 + (few ? 26 : 11) * r.regions.length, margin: { l: 20, r: 20 + 5.2 * Math.max(...order.slice(-3).map((k) => classes[k].length)), t: 14, b: 20 },
      xaxis: { side: "top", tickangle: -40, showgrid: false }, yaxis: { autorange: "reversed", tickvals: places, ticktext: few ? names : names.map((n, k) => (k % 3 ? "" : n)), tickfont: { size: few ? 12 : 10 }, showgrid: false, zeroline: false },
    });
  }

  function drawTables() {
    const t = data.tables.find((m) => m.title === byId("table-pair").value);
    byId("table-lead").textContent = `One point a region and class, ${number(t.regions)} regions. Half the sum over classes of the differences: ${t.distance} points of percent, mean over regions.`;
    const most = Math.max(5, ...t.points.flatMap((p) => [p[0], p[1]]));
    const kinds = [...new Set(t.points.map((p) => p[3]))].sort((a, b) => a - b);
    const traces = kinds.map((k) => {
      const ours = t.points.filter((p) => p[3] === k);
      return { type: "scatter", mode: "markers", name: classes[k], x: ours.map((p) => p[0]), y: ours.map((p) => p[1]), text: ours.map((p) => escape(p[2])), marker: { size: 6, opacity: 0.65, color: classColour(k) }, hovertemplate: `%{text}, ${classes[k]}<br>%{x} against %{y} %<extra></extra>` };
    });
    draw("tables", traces, {
      height: 520, hovermode: "closest", legend: { orientation: "v", x: 1.02, y: 1, xanchor: "left" },
      shapes: [{ type: "line", x0: 0, y0: 0, x1: most, y1: most, line: { color: colour("--quiet"), width: 1, dash: "dot" } }],
      xaxis: { title: { text: escape(t.x), standoff: 8 }, range: [-0.02 * most, 1.04 * most], zeroline: false, constrain: "domain" },
      yaxis: { title: { text: escape(t.y), standoff: 8 }, range: [-0.02 * most, 1.04 * most], zeroline: false, scaleanchor: "x", constrain: "domain" },
    });
  }

  // Bags ---------------------------------------------------------------------
  function drawBags() {
    const b = data.bags.find((m) => m.split === byId("bag-split").value), [low, high] = data.whiskers;
    const what = data.pixels ? "training images" : "training samples", names = b.classes.map((k) => classes[k]);
    byId("bag-lead").textContent = `Share of a class over bags of ${b.sizes.map((s) => number(s.size)).join(", ")} ${what}, drawn at random: quartiles, and whiskers from ${low} to ${high} % of the bags; dashed: the share of all. `
      + `The narrower the boxes, the more bags are alike, and the less their proportions tell.${b.classes.length < b.of ? ` The ${b.classes.length} most frequent of ${b.of} classes.` : ""}`;
    const hue = colour("--accent"), parts = [1, 3, 5].map((at) => parseInt(hue.slice(at, at + 2), 16));
    const shade = (k) => `rgba(${parts.join(",")},${(0.08 + (0.72 * k) / Math.max(1, b.sizes.length - 1)).toFixed(2)})`;
    const traces = b.sizes.map((s, k) => ({
      type: "box", name: `${number(s.size)} (${number(s.bags)} ${s.bags === 1 ? "bag" : "bags"})`, x: names, q1: s.q1, median: s.median, q3: s.q3, lowerfence: s.low, upperfence: s.high,
      line: { color: hue, width: 1 }, fillcolor: shade(k), whiskerwidth: 0.3, hoverinfo: "y+name",
    }));
    const wide = 0.42;
    draw("bags", traces, {
      height: 440, boxmode: "group", boxgap: 0.18, boxgroupgap: 0.1,
      shapes: b.overall.map((v, k) => ({ type: "line", xref: "x", yref: "y", x0: k - wide, x1: k + wide, y0: v, y1: v, line: { color: colour("--quiet"), width: 1.2, dash: "dash" } })),
      xaxis: { type: "category", showgrid: false, tickangle: names.length > 8 ? -30 : 0 }, yaxis: { title: { text: "share of the bag, %", standoff: 8 }, rangemode: "tozero" },
    });
  }

  // Places -------------------------------------------------------------------
  function drawPlaces() {
    const p = data.places;
    if (p.kind === "groups") {
      const g = p.groups.find((m) => m.name === byId("place-by").value);
      byId("place-lead").textContent = `The set tells no coordinates. Samples by ${g.name}${g.places.length < g.of ? `, the ${g.places.length} largest of ${number(g.of)}` : ""}.`;
      return draw("places", [{ type: "bar", x: g.places.map(escape), y: g.n, marker: { color: colour("--train") }, hovertemplate: "%{x}<br><b>%{y:,}</b> samples<extra></extra>" }],
        { height: 320, bargap: 0.2, xaxis: { type: "category", showgrid: false, tickangle: g.places.length > 12 ? -50 : 0 }, yaxis: { title: { text: "samples", standoff: 8 } } });
    }
    const split = byId("place-split").value, bySplit = byId("place-by").value === "split", subset = p.splits[split];
    byId("place-split").parentElement.hidden = !bySplit || Object.keys(p.splits).length < 2;
    const kinds = bySplit ? subsets.filter((s) => subset.includes(s)) : [...new Set(p.label)].sort((a, b) => a - b);
    byId("place-lead").textContent = `${p.x.length < p.of ? `${number(p.x.length)} of ${number(p.of)} samples, as many of each class as can be` : `All ${number(p.of)} samples`}: ${p.words}.`;
    const panels = p.kind === "map" ? parts(p.x) : [[-Infinity, Infinity]];
    const inside = panels.map(([from, to]) => p.x.map((_, i) => i).filter((i) => p.x[i] >= from && p.x[i] < to));
    const traces = kinds.flatMap((kind) => panels.map((_, n) => {
      const at = inside[n].filter((i) => (bySplit ? subset[i] : p.label[i]) === kind);
      const name = bySplit ? kind : className(kind);
      return { type: "scatter", mode: "markers", name, legendgroup: name, showlegend: !n, x: at.map((i) => p.x[i]), y: at.map((i) => p.y[i]), text: at.map((i) => className(p.label[i])), xaxis: n ? `x${n + 1}` : "x", yaxis: n ? `y${n + 1}` : "y",
        marker: { size: 5, opacity: 0.7, color: bySplit ? colour(`--${kind}`) : classColour(kind) }, hovertemplate: `%{text}<br>%{x}, %{y}<extra>${name}</extra>` };
    }));
    const axes = {};
    panels.forEach((_, n) => {
      const key = n ? n + 1 : "", lat = inside[n].map((i) => p.y[i]), middle = p.kind === "map" ? (Math.min(...lat) + Math.max(...lat)) / 2 : 0;
      axes[`xaxis${key}`] = { anchor: `y${key}`, domain: [n / panels.length + (n ? 0.04 : 0), (n + 1) / panels.length], zeroline: false, title: { text: escape(p.axes[0]), standoff: 6 }, constrain: "domain", nticks: 8 };
      axes[`yaxis${key}`] = { anchor: `x${key}`, zeroline: false, title: { text: escape(p.axes[1]), standoff: 6 }, scaleanchor: `x${key}`, scaleratio: 1 / Math.cos((middle * Math.PI) / 180), constrain: "domain", autorange: p.kind === "map" ? true : "reversed" };
    });
    draw("places", traces, {
      height: 560, hovermode: "closest", ...axes,
      legend: { itemsizing: "constant", ...(kinds.length > 6 ? { orientation: "v", x: 1.02, y: 1, xanchor: "left" } : { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 }) },
    });
  }

  // Areas far apart stand beside each other: the sea or the country between them says nothing.
  function parts(x) {
    const sorted = [...x].sort((a, b) => a - b), range = sorted[sorted.length - 1] - sorted[0];
    let widest = 0;
    for (let i = 1; i < sorted.length; i += 1) if (sorted[i] - sorted[i - 1] > sorted[widest + 1] - sorted[widest]) widest = i - 1;
    if (sorted.length < 3 || !(sorted[widest + 1] - sorted[widest] > 0.45 * range)) return [[-Infinity, Infinity]];
    return [[-Infinity, sorted[widest + 1]], [sorted[widest + 1], Infinity]];
  }

  function startPlaces() {
    const p = data.places;
    if (p.kind === "groups") {
      if (!p.groups.length) byId("place-section").hidden = true;
      fill(byId("place-by"), p.groups.map((g) => g.name));
      byId("place-split").parentElement.hidden = true;
      return;
    }
    fill(byId("place-by"), p.label.some((k) => k >= 0) ? ["split", "class"] : ["split"]);
    fill(byId("place-split"), Object.keys(p.splits), data.split);
  }

  // Start --------------------------------------------------------------------
  function figures() {
    drawCounts(); drawCurves(); drawPools();
    if (data.dates.length) drawDates();
    if (data.regions.length) drawRegions();
    if (data.tables.length) drawTables();
    if (data.bags.length) drawBags();
    if (!byId("place-section").hidden) drawPlaces();
  }

  startPictures();
  if (!window.Plotly) {
    document.querySelectorAll(".plot").forEach((plot) => plot.append(make("p", { className: "quiet", textContent: "This figure needs plotly.js, which the page did not find." })));
    return;
  }
  startCounts(); startPlaces();
  fill(byId("curve-modality"), data.curves.map((c) => c.name));
  fill(byId("date-modality"), data.dates.map((d) => d.name));
  fill(byId("region-of"), data.regions.map((r) => r.name));
  fill(byId("table-pair"), data.tables.map((t) => t.title));
  fill(byId("bag-split"), data.bags.map((b) => b.split), data.split);
  byId("bag-section").hidden = !data.bags.length;
  byId("date-section").hidden = !data.dates.length;
  byId("region-section").hidden = !data.regions.length;
  byId("table-section").hidden = !data.tables.length;
  const listen = (ids, then) => ids.forEach((id) => byId(id).addEventListener("change", then));
  listen(["split", "count-axis"], drawCounts);
  listen(["curve-modality", "curve-measure"], drawCurves);
  listen(["date-modality"], drawDates);
  listen(["region-of"], drawRegions);
  listen(["table-pair"], drawTables);
  listen(["bag-split"], drawBags);
  listen(["place-by", "place-split"], drawPlaces);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", figures);
  figures();
})();
