// The chat page: brings messages, sends lines and buttons. All HTML comes from the server, escaped.
"use strict";

const log = document.getElementById("log");
const form = document.getElementById("form");
const line = document.getElementById("line");
const state = document.getElementById("state");
const boards = document.getElementById("boards");
const typed = [];
let back = 0;

function show(text, trouble) {
  state.textContent = text;
  state.className = trouble ? "trouble" : "";
}

function atEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 120;
}

const stream = new EventSource("/playground/stream");
stream.onopen = () => show("connected");
stream.onerror = () => {
  show("connection lost, trying again…", true);
  // A refusal ends the stream for good; the page then begins anew.
  if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
};
let oldest = 0;
stream.onmessage = (event) => {
  const follow = atEnd();
  const [, id, html] = /^(\d+)\n([^]*)$/.exec(event.data);
  const parts = document.createElement("template");
  parts.innerHTML = html;
  for (const part of parts.content.children) part.dataset.message = id;
  // A message that is here already was edited; of one before the history's start nothing is shown.
  const all = [...log.querySelectorAll("[data-message]")];
  const known = all.filter((part) => part.dataset.message === id);
  if (!all.length) oldest = Number(id);
  if (Number(id) >= oldest) {
    const next = all.find((part) => Number(part.dataset.message) > Number(id));
    log.insertBefore(parts.content, known[0] ?? next ?? null);
    for (const part of known) part.remove();
  }
  if (follow) log.scrollTop = log.scrollHeight;
};

async function send(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.status === 429) show("That was a lot at once. Please wait a minute.", true);
    else if (answer.status === 401) location.reload();
    else if (!answer.ok) show("That did not work (" + answer.status + "). Please try again.", true);
    else show("connected");
    return answer.ok;
  } catch {
    show("The server cannot be reached.", true);
    return false;
  }
}

async function say(text) {
  log.scrollTop = log.scrollHeight;
  return send("/playground/say", { text });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = line.value.trim();
  if (!text) return;
  line.value = "";
  typed.push(text);
  back = 0;
  if (!(await say(text)) && !line.value) line.value = text;
});

// The lines that were typed before, as in a terminal.
line.addEventListener("keydown", (event) => {
  const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!step) return;
  const next = Math.min(Math.max(back + step, 0), typed.length);
  if (next === back) return;
  event.preventDefault();
  back = next;
  line.value = back ? typed[typed.length - back] : "";
});

log.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.fill !== undefined) {
    line.value = button.dataset.fill;
    line.focus();
    return;
  }
  button.disabled = true;
  const done = button.dataset.say !== undefined
    ? await say(button.dataset.say)
    : await send("/playground/press", { action: button.dataset.act });
  if (done) button.setAttribute("aria-pressed", "true");
  button.disabled = false;
});

async function refresh() {
  try {
    const answer = await fetch("/playground/boards");
    if (answer.ok) boards.innerHTML = await answer.text();
  } catch {
    // The stream says that the server is away.
  }
}
refresh();
setInterval(refresh, 5000);
