"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const score = byId("score"), audio = byId("audio"), play = byId("play");
  const clock = byId("clock"), head = byId("playhead"), unfold = byId("unfold");
  const left = Number(score.dataset.left), right = Number(score.dataset.right);
  const scale = Number(score.dataset.scale), soundAt = Number(score.dataset.soundAt);
  const rows = [...document.querySelectorAll("li[data-at]")];

  const showAt = (at) => {
    const x = Math.min(right, left + at * scale);
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
    clock.textContent = at.toFixed(1) + " s";
    let last = null;
    for (const row of rows) {
      row.classList.remove("now");
      if (Number(row.dataset.at) <= at) last = row;
    }
    if (last) last.classList.add("now");
  };

  const follow = () => {
    showAt(soundAt + audio.currentTime);
    if (!audio.paused) requestAnimationFrame(follow);
  };

  if (audio) {
    play.addEventListener("click", () => (audio.paused ? audio.play() : audio.pause()));
    audio.addEventListener("play", () => { play.textContent = "pause"; follow(); });
    audio.addEventListener("pause", () => { play.textContent = "play"; });
    audio.addEventListener("seeked", follow);
    score.addEventListener("click", (event) => {
      const box = score.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * score.viewBox.baseVal.width;
      audio.currentTime = Math.max(0, (x - left) / scale - soundAt);
    });
  }

  for (const arrow of score.querySelectorAll(".arrow")) {
    const row = byId("row" + arrow.dataset.row);
    arrow.addEventListener("mouseenter", () => row.classList.add("now"));
    arrow.addEventListener("mouseleave", () => row.classList.remove("now"));
  }

  unfold.addEventListener("click", () => {
    const all = [...document.querySelectorAll("details")];
    const open = all.some((one) => !one.open);
    for (const one of all) one.open = open;
    unfold.textContent = open ? "close all" : "open all";
  });
})();
