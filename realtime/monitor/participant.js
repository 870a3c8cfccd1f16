"use strict";
// The participant's page: the word and its bar, or a region's thermometer, and nothing while there is nothing fresh.
const token = new URLSearchParams(location.search).get("token") || "";
const SILENT_MS = 3500, SHOWN = ["LIVE", "RECOVERED", "GAP"];
const word = document.getElementById("word"), bars = document.getElementById("bars");
let heardMs = 0, ended = false, hasRegion = false;

function show({ state, said = "", answer = null, p = {}, percent }) {
  const is = SHOWN.includes(state);
  document.body.dataset.state = state;
  document.body.dataset.answer = (is && answer) || "";
  hasRegion ||= percent !== undefined;
  const known = is && typeof percent === "number";
  if (hasRegion) document.body.dataset.region = known ? (percent < 0 ? "below" : "above") : "none";
  document.body.style.setProperty("--percent", known ? percent : 0);
  word.textContent = is ? said : "";
  word.classList.toggle("long", said.length > 14);
  for (const name of Object.keys(p)) {
    let bar = [...bars.children].find((one) => one.dataset.class === name);
    if (!bar) {
      bar = document.createElement("div");
      bar.dataset.class = name; bar.append(document.createElement("i"));
      bars.append(bar);
    }
    bar.style.setProperty("--p", p[name]);
  }
  for (const bar of bars.children) {
    bar.className = "bar" + (is && bar.dataset.class === answer ? " best" : "");
    if (!is || !(bar.dataset.class in p)) bar.style.setProperty("--p", 0);
  }
}

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/participant/feed?token=${encodeURIComponent(token)}`);
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    heardMs = performance.now(); ended = message.state === "ENDED";
    show(message);
  };
  socket.onclose = () => { show({ state: ended ? "ENDED" : "GONE" }); if (!ended) setTimeout(connect, 1000); };
}

setInterval(() => { if (!ended && performance.now() - heardMs > SILENT_MS) show({ state: "GONE" }); }, 500);
connect();
