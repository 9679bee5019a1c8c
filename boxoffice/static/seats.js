// Keeps the seat map of an event as it is at this moment. Without it the map is what it was when the page was
// made, and buying works all the same.
"use strict";
(() => {
  const map = document.getElementById("seats");
  const live = document.getElementById("live");
  const seats = new Map();
  for (const input of map.querySelectorAll("input[data-version]")) seats.set(Number(input.value), input);

  // Messages may come twice or late: a seat's version says which is the newer.
  function change(seat, state, version) {
    const input = seats.get(seat);
    if (!input || version < Number(input.dataset.version)) return;
    input.dataset.version = version;
    const taken = input.checked && state !== "free";
    input.disabled = state !== "free";
    input.nextElementSibling.className = state;
    if (!taken) return;
    input.checked = false;
    live.textContent = `Seat ${seat} has just been taken. Please choose another one.`;
  }

  function count() {
    let free = 0;
    for (const input of seats.values()) if (!input.disabled) ++free;
    document.getElementById("free").textContent = free;
  }

  // A region that is lost may not even say no, so nothing is waited for longer than this. It is more than the
  // edge lets a request wait for a region: whoever gives up before that loses the place in the queue.
  const PATIENCE_MS = 2000;
  // The first new try comes within 200 ms, later ones every 250 to 500 ms: whoever was cut off is at the other
  // region within a second of its readiness, and thousands do not come in the same instant. Not faster: browsers
  // hold back a page whose connections keep failing.
  const pause = (tries) => (tries === 0 ? Math.random() * 200 : 250 + Math.random() * 250);

  function connect(tries) {
    const socket = new WebSocket(map.dataset.feed);
    let heard = false;
    const late = setTimeout(() => socket.close(), PATIENCE_MS);
    socket.onmessage = (message) => {
      const told = JSON.parse(message.data);
      if (!heard) live.textContent = "Live.";
      heard = true;
      clearTimeout(late);
      if (told.type === "snapshot") for (const [seat, state, version] of told.seats) change(seat, state, version);
      if (told.type === "seat") change(told.seat, told.state, told.version);
      count();
    };
    socket.onclose = () => {
      clearTimeout(late);
      live.textContent = "Reconnecting …";
      setTimeout(connect, pause(heard ? 0 : tries), heard ? 1 : tries + 1);
    };
  }
  connect(0);
})();
