"use strict";
// The parts with data-live are fetched again and put in place, but for one that is being read: has the focus or a selection.
(function () {
  const every = 5000;
  const button = document.getElementById("pause");
  let paused = false;
  button.hidden = false;
  button.addEventListener("click", function () {
    paused = !paused;
    button.textContent = paused ? "Go on with updates" : "Pause updates";
    if (!paused) look();
  });
  function relative() { // to the server's clock, not to this one
    const now = Date.parse(document.querySelector("#asof time").dateTime);
    for (const t of document.querySelectorAll("main time")) {
      const s = Math.round((now - Date.parse(t.dateTime)) / 1000);
      if (s < 0) continue;
      t.textContent = s < 60 ? s + " s ago" : s < 3600 ? Math.floor(s / 60) + " min ago" :
        s < 172800 ? Math.floor(s / 3600) + " h " + Math.floor(s % 3600 / 60) + " min ago" : Math.floor(s / 86400) + " days ago";
    }
  }
  function inUse(part) {
    const s = document.getSelection();
    return part.contains(document.activeElement) || s && !s.isCollapsed && s.containsNode(part, true);
  }
  function put(fresh) {
    document.title = fresh.title;
    for (const part of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(part.id);
      if (!now || inUse(part)) continue;
      for (const d of part.querySelectorAll("details[open]")) {
        const same = now.querySelector("#" + d.id);
        if (same) same.open = true;
      }
      if (part.innerHTML !== now.innerHTML || part.querySelector("time")) {
        if (part.id === "wrong" && part.textContent === now.textContent) continue;
        part.replaceChildren(...now.childNodes);
      }
    }
    relative();
  }
  async function look() {
    if (paused || document.hidden) return;
    try {
      const got = await fetch("/", { cache: "no-store", credentials: "same-origin" });
      if (!got.ok) throw new Error(got.status);
      const fresh = new DOMParser().parseFromString(await got.text(), "text/html");
      if (fresh.body.dataset.generation !== document.body.dataset.generation) return location.reload();
      document.body.classList.remove("stale");
      put(fresh);
    } catch (e) {
      document.body.classList.add("stale");
      document.title = "no answer - zorpgo";
      document.getElementById("asof").firstChild.textContent = "No answer; so it was at ";
    }
  }
  relative();
  setInterval(look, every);
})();
