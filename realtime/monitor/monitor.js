"use strict";
// The monitor's page. What the server sends is kept for a while, and drawn as it comes.
const token = new URLSearchParams(location.search).get("token") || "";
const ROUND_S = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
const PROBABILITIES_S = 60, TIMELINE_S = 300, MOST = 5000, SILENT_MS = 3500;
const MOTION = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"];
const SILENT = ["SEARCHING", "STALE", "LOST"];
const $ = (id) => document.getElementById(id);
const canvas = (id) => document.querySelector(`#${id} canvas`);
let session, colours, heardMs = performance.now(), ended = false, due = false;

function fresh() {
  session = { hello: {}, t: 0, n: 0, decisions: [], states: [], markers: [], texts: [], regions: [], losses: {}, faults: "", state: "SEARCHING",
    markersState: null, bundle: "", channels: [], first: 0, bins: [] };
}

/* What comes */

function take(message) {
  heardMs = performance.now();
  if (message.ended) { ended = true; return; }
  if (message.past) {  // the first message of a connection
    fresh();
    session.hello = message.hello;
    message.past.forEach(add);
    add(message.now);
  } else add(message);
  session.atMs = heardMs;
}

function add(frame) {
  if (frame.t !== undefined) session.t = frame.t;
  if (frame.n !== undefined) session.n = frame.n;
  if (frame.hello) session.hello = frame.hello;
  for (const kind of ["decisions", "states", "markers", "texts", "regions"]) {
    if (frame[kind]) session[kind] = session[kind].concat(frame[kind]).slice(-MOST);
  }
  const status = frame.beat || (frame.states && frame.states[frame.states.length - 1]);
  if (status) {
    session.state = status.state; session.losses = status.losses; session.bundle = status.bundle;
    session.markersState = status.markers;
  }
  if (frame.faults !== undefined) session.faults = frame.faults;
  if (frame.traces) addTraces(frame.traces);
}

function addTraces(traces) {
  const bytes = Uint8Array.from(atob(traces.data), (c) => c.charCodeAt(0));
  const values = new Float32Array(bytes.buffer), width = 2 * traces.channels.length;
  if (String(traces.channels) !== String(session.channels) || traces.first !== session.first + session.bins.length) {
    session.channels = traces.channels; session.first = traces.first; session.bins = [];
  }
  for (let at = 0; at < values.length; at += width) session.bins.push(values.subarray(at, at + width));
  const surplus = session.bins.length - session.hello.n_bins;
  if (surplus > 0) { session.bins.splice(0, surplus); session.first += surplus; }
}

/* Drawing */

function readColours() {
  const style = getComputedStyle(document.documentElement);
  colours = {};
  for (const name of ["ink", "soft", "rule", "faint", "card", "accent", "good", "warn", "bad", "info"]) colours[name] = style.getPropertyValue("--" + name).trim();
  colours.series = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => style.getPropertyValue("--c" + i).trim());
}

const stateColour = (state) => ({ LIVE: colours.good, GAP: colours.warn, STALE: colours.warn, LOST: colours.bad })[state] || colours.info;

function begin(id, height) {
  const element = canvas(id), ratio = window.devicePixelRatio || 1, width = element.clientWidth;
  element.style.height = height + "px";
  if (element.width !== Math.round(width * ratio)) element.width = Math.round(width * ratio);
  if (element.height !== Math.round(height * ratio)) element.height = Math.round(height * ratio);
  const pen = element.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "12px system-ui, sans-serif"; pen.textBaseline = "middle"; pen.textAlign = "left"; pen.lineWidth = 1;
  return [pen, width];
}

function line(pen, colour, x0, y0, x1, y1) {
  pen.strokeStyle = colour; pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x1, y1); pen.stroke();
}

function curve(pen, colour, points) {  // null breaks it
  pen.strokeStyle = colour; pen.beginPath();
  let on = false;
  for (const point of points) {
    if (point === null) { on = false; continue; }
    if (on) pen.lineTo(...point); else pen.moveTo(...point);
    on = true;
  }
  pen.stroke();
}

function draw() {
  due = false;
  const now = session.t + (session.atMs && !ended ? Math.min(performance.now() - session.atMs, 1000) / 1000 : 0);
  const published = session.decisions.filter((one) => !one.shadow), last = published[published.length - 1];
  drawHead(); drawWord(last); drawProbabilities(published, last, now); drawRegion(now); drawMeter(now); drawLatency(published);
  drawSignals(); drawQuality(); drawMotion(published); drawTimeline(published, now); drawCounts();
}

function badge(element, text, kind) {
  element.textContent = text; element.className = "badge " + kind;
}

function drawHead() {
  $("stream").textContent = session.hello.stream || "no stream yet";
  badge($("state"), session.state, session.state);
  const away = session.markersState !== null && session.markersState !== "LIVE";
  $("markers").hidden = !away;
  if (away) badge($("markers"), "markers " + session.markersState, "off");
  const text = session.texts[session.texts.length - 1], n = text ? `${text.n} words` : `${session.n} decisions`;
  $("session").textContent = `${clock(session.t)} · ${n} · bundle ${session.bundle}`;
  $("commands").hidden = !session.hello.commands;
  const exchanges = (session.hello.answers || []).length > 0;  // a decoder of gist takes notes, and stops
  $("load").hidden = !exchanges;
  for (const button of $("plain").children) button.hidden = !exchanges && button.value !== "stop";
}

function drawWord(last) {
  const word = $("word"), text = session.texts[session.texts.length - 1];
  let said = "–", note = "", silent = true;
  if (SILENT.includes(session.state)) said = session.state;
  else if (text) { said = lastWords(text.said) || "–"; note = passage(text.passage); silent = false; }
  else if (last && last.abstained) note = "abstains: " + last.abstained;
  else if (last) {
    said = last.said; silent = false;
    note = `${percent(last.p[last.answer])} sure` + (last.label === null ? "" : ` · shown: ${last.label}`) + (last.late ? " · late" : "");
  }
  const shadow = session.decisions.findLast((one) => one.shadow);
  if (shadow && last && shadow.n >= last.n - 1) note += ` · in shadow, ${shadow.bundle.slice(0, 8)}: ${shadow.said || "nothing"}`;
  word.textContent = said; $("note").textContent = note;
  if (text && text.draft && !silent) {  // after the final words, paler: it may still change
    const draft = document.createElement("i"); draft.textContent = " " + text.draft; word.append(draft);
  }
  word.classList.toggle("silent", silent); word.classList.toggle("long", said.length > 24);
  word.style.setProperty("--letters", Math.max(8, said.length));
}

const passage = (one) => one ? `passage ${one.name} at ${clock(one.s)}, ${percent(one.p)} sure` : "";
const lastWords = (said) => { const words = said.split(" "); return (words.length > 24 ? "… " : "") + words.slice(-24).join(" "); };

function drawOverTime(id, points, now, { height = 110, limits = [], unit = "" }) {  // points: [t, value or null]
  const shown = points.filter(([t]) => now - t <= TIMELINE_S), values = shown.map(([, v]) => v).filter((v) => v !== null);
  const most = Math.max(1, ...values.map(Math.abs), ...limits.map((v) => 1.2 * v)), span = Math.min(TIMELINE_S, Math.max(now, 30));
  const [pen, width] = begin(id, height), left = 44;
  const x = (t) => left + (width - left) * (1 - (now - t) / span), y = (v) => height / 2 - v / most * (height / 2 - 8);
  for (const v of [-most, 0, most]) { line(pen, colours.rule, left, y(v), width, y(v)); pen.fillStyle = colours.soft; pen.fillText(v.toFixed(1) + unit, 0, y(v)); }
  pen.setLineDash([4, 3]);
  for (const v of limits) line(pen, colours.warn, left, y(v), width, y(v));
  pen.setLineDash([]);
  for (const one of session.markers) if (now - one.t <= span) line(pen, colours.faint, x(one.t), 0, x(one.t), height);
  pen.lineWidth = 1.75;
  curve(pen, colours.accent, shown.map(([t, v]) => v === null ? null : [x(t), y(v)]));
}

function drawRegion(now) {
  const last = session.regions[session.regions.length - 1];
  $("region").hidden = !last;
  if (!last) return;
  const large = document.querySelector("#region .large"), fresh = !SILENT.includes(session.state);
  large.textContent = !fresh ? "–" : last.percent === null ? "–" : signed(last.percent) + " %";
  document.querySelector("#region h2 span").textContent = last.why || "signal against its baseline, last 5 minutes";
  const points = session.regions.flatMap((one, i, all) => {  // volumes that did not come break the curve
    const isGap = i > 0 && (one.at - all[i - 1].at) * session.hello.rate_hz > 1.5;
    return [...(isGap ? [[one.t, null]] : []), [one.t, one.percent]];
  });
  drawOverTime("region", points, now, { unit: " %" });
}

function drawMeter(now) {
  const last = session.texts[session.texts.length - 1], least = session.hello.distinguishable;
  $("meter").hidden = !last;
  if (!last) return;
  document.querySelector("#meter .large").textContent = last.z === null ? "–" : signed(last.z);
  document.querySelector("#meter h2 span").textContent = last.z === null ? last.why
    : `standard deviations above surrogates; the text counts from ${least} on`;
  drawOverTime("meter", session.texts.map((one) => [one.t, one.z]), now, { limits: [least] });
}

function classes(decisions) {  // those to show, each with a colour of its own
  const answers = session.hello.answers || [];
  if (answers.length <= 8) return answers;
  const most = {};
  for (const one of decisions.slice(-50)) for (const name in one.p) most[name] = (most[name] || 0) + one.p[name];
  return Object.keys(most).sort((a, b) => most[b] - most[a]).slice(0, 8).sort((a, b) => answers.indexOf(a) - answers.indexOf(b));
}

function drawProbabilities(published, last, now) {
  const names = classes(published), bars = $("bars"), p = (last && last.p) || {};
  $("probabilities").hidden = !names.length;
  if (!names.length) return;
  while (bars.children.length > 3 * names.length) bars.lastChild.remove();
  while (bars.children.length < 3 * names.length) {
    const track = document.createElement("span"); track.className = "track"; track.append(document.createElement("i"));
    bars.append(document.createElement("span"), track, document.createElement("b"));
  }
  names.forEach((name, i) => {
    const [label, track, value] = [...bars.children].slice(3 * i, 3 * i + 3), best = last && name === last.answer;
    label.textContent = name; label.className = value.className = best ? "best" : "";
    track.firstChild.style.width = 100 * (p[name] || 0) + "%"; track.firstChild.style.background = colours.series[i % 8];
    value.textContent = p[name] === undefined ? "" : percent(p[name]);
  });
  const height = 110, [pen, width] = begin("probabilities", height), x = (t) => width * (1 - (now - t) / PROBABILITIES_S);
  for (const share of [0, 0.5, 1]) line(pen, colours.rule, 0, y(share), width, y(share));
  function y(share) { return 3 + (height - 6) * (1 - share); }
  const shown = published.filter((one) => now - one.t <= PROBABILITIES_S);
  pen.lineWidth = 1.75;
  names.forEach((name, i) => curve(pen, colours.series[i % 8], shown.map((one) => one.abstained ? null : [x(one.t), y(one.p[name] || 0)])));
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : NaN;
}

function drawLatency(published) {
  const timed = (session.texts.length ? session.texts : published.filter((one) => !one.abstained)).slice(-200);
  const rows = ["stream", "queue", "compute"].map((name, i) => [name, timed.map((one) => one.ms[i]), colours.series[i]]);
  if (quantile(rows[0][1], 0.5) < 0) rows[0][1] = [];  // a replay faster than its rate has stamps to come: they say nothing
  else rows.push(["total", timed.map((one) => one.ms[0] + one.ms[1] + one.ms[2]), ""]);
  const medians = rows.map((row) => Math.max(0, quantile(row[1], 0.5)) || 0);
  $("since").textContent = timed.length ? `ms, last ${timed.length} ${session.texts.length ? "texts" : "decisions"}` : "none yet";
  $("split").replaceChildren(...rows.slice(0, 3).map((row, i) => {
    const part = document.createElement("i");
    part.style.cssText = `width:${100 * medians[i] / (medians[0] + medians[1] + medians[2] || 1)}%;background:${row[2]}`;
    return part;
  }));
  const body = document.querySelector("#latency tbody");
  body.replaceChildren(cells("th", ["", "median", "99 %", "most"]), ...rows.map(([name, values, colour]) => {
    const row = cells("td", [name, ...[0.5, 0.99, 1].map((share) => number(quantile(values, share)))]);
    if (colour) { const key = document.createElement("i"); key.style.background = colour; row.firstChild.prepend(key); }
    return row;
  }));
}

function cells(kind, texts) {
  const row = document.createElement("tr");
  row.append(...texts.map((text) => { const cell = document.createElement(kind); cell.textContent = text; return cell; }));
  return row;
}

function drawSignals() {
  const { channels, bins, hello } = session, wide = window.innerWidth >= 960;
  $("signals").hidden = !hello.bin_s || (session.texts.length > 0 && !bins.length);
  if ($("signals").hidden) return;
  if (wide) canvas("signals").style.height = 0;  // so that the section tells how much room there is
  const room = $("signals").clientHeight - $("choose").offsetHeight - 52, height = Math.max(wide ? room : 14 * channels.length, 260);
  const [pen, width] = begin("signals", height), left = Math.min(90, width / 5);
  const top = session.markers.length ? 16 : 0, per = (height - 18 - top) / Math.max(1, channels.length);
  const shown = hello.bin_s > 0.1 ? Math.max(30, bins.length) : hello.n_bins;  // slow streams fill their stretch
  const span = shown * hello.bin_s, stop = session.first + bins.length, step = (width - left) / shown;
  const x = (bin) => width - (stop - bin) * step;
  pen.save(); pen.beginPath(); pen.rect(left, 0, width - left, height); pen.clip();
  for (const s of ticks(Math.max(0, stop * hello.bin_s - span), stop * hello.bin_s, span)) {
    line(pen, colours.faint, x(s / hello.bin_s), 0, x(s / hello.bin_s), height - 16);
    mark(pen, clock(s), x(s / hello.bin_s) + 3, height - 8, width);
  }
  pen.fillStyle = colours.warn; pen.globalAlpha = 0.25;
  for (let i = 0, from = 0; i <= bins.length; i++) {  // stretches in which nothing came
    if (i < bins.length && bins[i].every(Number.isNaN)) continue;
    if (i > from) pen.fillRect(x(session.first + from), 0, (i - from) * step, height - 16);
    from = i + 1;
  }
  pen.globalAlpha = 1;
  channels.forEach((_, row) => drawTrace(pen, bins, row, top + row * per, per, (i) => x(session.first + i + 0.5)));
  let free = left;  // a label that would lie on the one before is left out
  for (const marker of session.markers) {
    const at = x(marker.at / hello.bin_s);
    if (at < left) continue;
    line(pen, colours.ink, at, 0, at, height - 16);
    if (at < free) continue;
    mark(pen, marker.label, at + 3, 8, width, colours.ink);
    free = at + 8 + pen.measureText(marker.label).width;
  }
  pen.restore();
  pen.textAlign = "right";
  const every = Math.ceil(13 / per);
  channels.forEach((channel, row) => {
    if (row % every) return;
    pen.fillStyle = colours.series[row % 8]; pen.fillText(hello.channels[channel], left - 6, top + (row + 0.5) * per, left - 8);
  });
  $("shown").textContent = `${channels.length} of ${hello.channels.length}, ${number(span)} s, each in its own range`;
}

function drawTrace(pen, bins, row, top, tall, x) {
  let low = Infinity, high = -Infinity;
  for (const bin of bins) { if (bin[2 * row] < low) low = bin[2 * row]; if (bin[2 * row + 1] > high) high = bin[2 * row + 1]; }
  const scale = high > low ? 0.9 * tall / (high - low) : 0, middle = top + tall / 2, centre = (low + high) / 2;
  const points = [];
  bins.forEach((bin, i) => {
    if (Number.isNaN(bin[2 * row])) { points.push(null); return; }
    points.push([x(i), middle - scale * (bin[2 * row] - centre)], [x(i), middle - scale * (bin[2 * row + 1] - centre)]);
  });
  curve(pen, colours.series[row % 8], points);
}

function drawQuality() {
  const faults = session.faults, names = session.hello.features || [];
  $("quality").hidden = !faults;
  if (!faults) return;
  const width0 = canvas("quality").clientWidth;
  const columns = Math.min(faults.length, Math.max(16, Math.ceil(Math.sqrt(faults.length * width0 / 60)))), size = width0 / columns;
  const lines = Math.ceil(faults.length / columns), tall = Math.min(size, Math.max(60 / lines, 2)), gap = Math.min(size, tall) > 5 ? 1 : 0;
  const [pen] = begin("quality", Math.ceil(lines * tall)), of = { f: colours.warn, s: colours.bad, n: colours.ink };
  const rest = faults.length % columns || columns, cell = Math.max(size - gap, 4), high = Math.max(tall - gap, 4);
  pen.fillStyle = colours.good;
  pen.fillRect(0, 0, width0, (lines - 1) * tall); pen.fillRect(0, 0, rest * size, lines * tall);
  for (let i = 1; gap && i < columns; i++) pen.clearRect(i * size - gap, 0, gap, lines * tall);
  for (let i = 1; gap && i < lines; i++) pen.clearRect(0, i * tall - gap, width0, gap);
  [...faults].forEach((letter, i) => {  // a faulty one is seen also among thousands
    if (letter === ".") return;
    pen.fillStyle = of[letter];
    pen.fillRect((i % columns) * size, Math.floor(i / columns) * tall, cell, high);
  });
  const words = { f: "flat", s: "saturated", n: "not finite" }, broken = [...faults].flatMap((letter, i) => letter === "." ? [] : [`${names[i]} ${words[letter]}`]);
  $("usable").textContent = `${faults.length - broken.length} of ${faults.length} usable`;
  $("broken").textContent = broken.slice(0, 8).join(", ") + (broken.length > 8 ? `, and ${broken.length - 8} more` : "");
}

function drawMotion(published) {
  const moved = published.filter((one) => one.motion).slice(-300);
  $("motion").hidden = !moved.length;
  if (!moved.length) return;
  const height = 120, [pen, width] = begin("motion", height);
  const value = (one, name) => one.motion[name] * (name.startsWith("rot") ? 180 / Math.PI : 1);
  const most = Math.max(0.5, ...moved.flatMap((one) => MOTION.map((name) => Math.abs(value(one, name)))));
  const y = (v) => height / 2 - v / most * (height / 2 - 10), x = (i) => moved.length > 1 ? 44 + i / (moved.length - 1) * (width - 44) : 44;
  for (const v of [-most, 0, most]) { line(pen, colours.rule, 44, y(v), width, y(v)); pen.fillStyle = colours.soft; pen.fillText(v.toFixed(1), 0, y(v)); }
  pen.lineWidth = 1.5;
  MOTION.forEach((name, k) => {
    pen.setLineDash(k < 3 ? [] : [4, 3]);
    curve(pen, colours.series[k % 3], moved.map((one, i) => [x(i), y(value(one, name))]));
  });
  pen.setLineDash([]);
  const newest = moved[moved.length - 1];
  const legend = MOTION.map((name, k) => {
    const one = document.createElement("span");
    one.textContent = `${k < 3 ? "" : "∠"}${name.slice(-1)} ${value(newest, name).toFixed(2)}`; one.style.color = colours.series[k % 3];
    return one;
  });
  document.querySelector("#motion h2").replaceChildren("Motion, mm and (dashed) degrees", ...legend);
}

function drawTimeline(published, now) {
  const height = 72, [pen, width] = begin("time", height), from = Math.max(0, now - TIMELINE_S), span = Math.min(TIMELINE_S, Math.max(now, 30));
  const x = (t) => (t - from) / span * width;
  $("stretch").textContent = `last ${clock(span)}`;
  const stretches = session.states.map((one, i) => [one, session.states[i + 1]]);
  stretches.sort((a, b) => (a[0].state === "GAP") - (b[0].state === "GAP"));
  stretches.forEach(([one, next]) => {
    if (next && next.t < from) return;
    pen.fillStyle = stateColour(one.state);
    const least = one.state === "GAP" || one.state === "LOST" ? 3 : 1;  // also a short one is seen
    pen.fillRect(x(Math.max(one.t, from)), 0, Math.max(least, x(next ? next.t : now) - x(Math.max(one.t, from))), 14);
    if (one.why.startsWith("note: ") && one.t >= from) {
      line(pen, colours.accent, x(one.t), 0, x(one.t), 56); pen.fillStyle = colours.accent; pen.fillText("✎ " + one.why.slice(6), x(one.t) + 3, 49);
    }
  });
  for (const one of published) {
    if (one.t < from) continue;
    line(pen, one.abstained ? colours.warn : one.late ? colours.bad : colours.good, x(one.t), 18, x(one.t), one.abstained ? 25 : 32);
  }
  for (const one of session.markers) {
    if (one.t < from) continue;
    line(pen, colours.ink, x(one.t), 35, x(one.t), 42);
  }
  pen.fillStyle = colours.soft; line(pen, colours.rule, 0, 57, width, 57);
  for (const t of ticks(from, from + span, span)) mark(pen, clock(t), x(t) + 2, 66, width);
  const log = $("log"), newest = session.states.slice(-30), key = newest.length && newest[newest.length - 1].t;
  if (log.dataset.key === String(key)) return;
  log.dataset.key = key;
  log.replaceChildren(...newest.reverse().map((one) => {
    const item = document.createElement("li"), when = document.createElement("time"), why = document.createElement("span");
    when.textContent = clock(one.t); why.textContent = `${one.state}: ${one.why}`;
    item.append(when, why);
    return item;
  }));
}

function drawCounts() {
  const lost = Object.entries(session.losses), box = $("losses");
  box.className = lost.length ? "" : "none";
  box.replaceChildren(...(lost.length ? lost.map(([name, n]) => `${name.replaceAll("_", " ")} ${n}`) : ["nothing lost"]).map((text) => {
    const one = document.createElement("span");
    one.textContent = text;
    return one;
  }));
}

function ticks(from, to, span) {  // full seconds or minutes, about five in a span
  const every = ROUND_S.find((s) => span / s <= 5) || ROUND_S[ROUND_S.length - 1], found = [];
  for (let s = Math.ceil(from / every) * every; s <= to; s += every) found.push(s);
  return found;
}

function mark(pen, text, at, y, width, colour = colours.soft) {  // not where the edge would cut it
  pen.fillStyle = colour;
  if (at + pen.measureText(text).width <= width) pen.fillText(text, at, y);
}

function clock(s) {
  const whole = Math.floor(s), two = (n) => String(n).padStart(2, "0");
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}` : `${Math.floor(whole / 60)}:${two(whole % 60)}`;
}
const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
const percent = (share) => share === undefined ? "" : Math.round(100 * share) + " %";
const number = (value) => Number.isNaN(value) ? "–" : Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(value < 10 ? 2 : 1);

/* The connection. A page that hears nothing says so: a word that stands there may be old. */

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/feed?token=${encodeURIComponent(token)}`);
  socket.onmessage = (event) => { take(JSON.parse(event.data)); schedule(); };
  socket.onclose = () => { if (!ended) setTimeout(connect, 1000); watch(true); };
}

function watch(closed) {
  const silentMs = performance.now() - heardMs, gone = ended || closed === true || silentMs > SILENT_MS;
  document.body.classList.toggle("gone", gone); $("gone").hidden = !gone;
  $("gone").textContent = ended ? "The session is over." : `No contact with the session for ${Math.round(silentMs / 1000)} s. What is shown may be old.`;
}

function schedule() {
  if (due) return;
  due = true;
  requestAnimationFrame(draw);
}

/* Commands */

async function post(path, content) {
  const answer = $("answer");
  answer.className = ""; answer.textContent = "…";
  try {
    const reply = await fetch(path, { method: "POST", headers: { "X-Token": token }, body: JSON.stringify(content) });
    const told = await reply.json();
    answer.className = told.error ? "bad" : ""; answer.textContent = told.error || told.told;
    return !told.error;
  } catch (error) {
    answer.className = "bad"; answer.textContent = `No answer: ${error.message}`;
    return false;
  }
}

function numbers(text) {  // "1-8, 12, Cz": numbers count from 1, names are the stream's
  return text.split(",").map((part) => part.trim()).filter(Boolean).flatMap((part) => {
    const named = session.hello.channels.indexOf(part), range = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (named >= 0) return [named];
    if (!range) throw new Error(`channels: expected numbers or names, such as 1-8, 12, Cz, got ${part}`);
    const first = Number(range[1]), last = Number(range[2] || range[1]);
    return Array.from({ length: Math.min(Math.max(0, last - first + 1), 1000) }, (_, i) => first + i - 1);
  });
}

function on(id, act) {
  $(id).addEventListener("submit", async (event) => { event.preventDefault(); if (await act(event.target, event.submitter)) event.target.reset(); });
}
on("load", (form) => post("command", { command: "load", argument: form.argument.value }));
on("write", (form) => post("command", { command: "note", argument: form.argument.value }));
on("plain", (_, button) => (button.value !== "stop" || confirm("End the session?")) && post("command", { command: button.value }));
on("choose", (form) => {
  try { return post("channels", { channels: numbers(form.channels.value) }); } catch (error) {
    $("answer").className = "bad"; $("answer").textContent = error.message;
    return false;
  }
});

fresh(); readColours(); connect();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); schedule(); });
addEventListener("resize", schedule);
setInterval(watch, 1000);
