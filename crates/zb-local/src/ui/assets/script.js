// Asks for the page again once a second while somebody looks at it, and puts what has changed in
// its place. Without it, everything works by links and forms.
"use strict";

const EVERY = 1000;
const pulse = document.getElementById("pulse");
const shown = new Map();
let saidUntil = 0;

// Text that is being read aloud must not change all the time: only what is new is said.
function say(text, state) {
  if (pulse.textContent !== text) pulse.textContent = text;
  pulse.dataset.state = state;
}

function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const next of page.querySelectorAll("[data-live]")) {
    const source = next.outerHTML;
    if (shown.get(next.id) === source) continue;
    const now = document.getElementById(next.id);
    if (now && isSelected(now)) continue;
    shown.set(next.id, source);
    if (now) replace(now, next);
    else document.querySelector("main").append(next);
  }
}

// Somebody is about to copy what is there.
function isSelected(element) {
  const selection = getSelection();
  return !selection.isCollapsed && selection.containsNode(element, true);
}

function replace(now, next) {
  const focus = now.contains(document.activeElement) ? focused(now) : () => {};
  const scrolled = [...now.querySelectorAll(".scroll")].map((from) => [from.id, from.scrollLeft]);
  now.replaceWith(next);
  for (const [id, left] of scrolled) {
    const to = document.getElementById(id);
    if (to) to.scrollLeft = left;
  }
  focus();
}

// The focus stays where it was: on the same element by its id, or on the same link.
function focused(within) {
  const element = document.activeElement;
  const href = element.getAttribute("href");
  const id = within.id;
  return () => {
    const all = element.id
      ? [document.getElementById(element.id)]
      : [...document.getElementById(id).querySelectorAll("a")];
    const same = all.find((one) => one && (element.id || one.getAttribute("href") === href));
    if (same) same.focus({ preventScroll: true });
  };
}

async function ask(url, options) {
  const answer = await fetch(url, { ...options, cache: "no-store" });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.text();
}

async function update() {
  if (document.hidden) return;
  try {
    show(await ask(location.href));
    if (Date.now() > saidUntil) say("live", "live");
  } catch {
    say("the server does not answer", "lost");
  }
}

async function every() {
  await update();
  setTimeout(every, EVERY);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.says) return;
  event.preventDefault();
  saidUntil = Date.now() + 4000;
  try {
    const body = new URLSearchParams(new FormData(form));
    show(await ask(form.action, { method: "POST", body }));
    say(form.dataset.says, "live");
  } catch (error) {
    say(error.message, "lost");
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-choose]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.replaceState(null, "", link.href);
  update();
});

document.addEventListener("visibilitychange", update);
every();
