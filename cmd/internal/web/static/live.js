// Replaces the moving part of the overview by what the server sends every two seconds.
import { live } from "/static/base.js";

const moving = document.getElementById("moving");
live("/live", { message: (html) => { moving.innerHTML = html; } }); // drawn and escaped by the server
