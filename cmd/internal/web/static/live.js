// Replaces the moving part of the overview by what the server sends every two seconds.
const moving = document.getElementById("moving");
const lost = document.getElementById("lost");
const live = new EventSource("/live");

live.onmessage = (event) => {
  lost.hidden = true;
  moving.innerHTML = event.data; // drawn and escaped by the server
};
live.addEventListener("bye", () => {
  live.close();
  location.assign("/signin");
});
live.onerror = () => {
  lost.hidden = false;
  if (live.readyState === EventSource.CLOSED) {
    setTimeout(() => location.reload(), 5000); // signed out, or the server is another one now
  }
};
