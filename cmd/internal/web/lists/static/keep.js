// What the browser remembers of files on their way: who, what and how far by its local storage, and the file itself, if
// it is not too large, by its database, so that an upload goes on after a reload without asking for the file again.
const KEY = "redial_uploads", MOST = 8, LARGEST = 512 << 20, STORE = "files";

const owner = document.body.dataset.owner;

function everybodys() {
  try { return JSON.parse(localStorage.getItem(KEY)) ?? []; } catch { return []; }
}

// all are those of whoever is signed in: of a browser that people share, nobody sees the files of others.
export const all = () => everybodys().filter((r) => r.owner === owner);

function write(records) {
  try { localStorage.setItem(KEY, JSON.stringify(records.slice(-MOST))); } catch { /* full or forbidden: nothing goes on by itself */ }
}

export function remember(record) {
  const records = everybodys().filter((r) => r.id !== record.id);
  for (const old of records.slice(0, Math.max(0, records.length + 1 - MOST))) files("readwrite", (s) => s.delete(old.id)).catch(() => {});
  write([...records, { ...record, owner }]);
}

export async function forget(id) {
  write(everybodys().filter((r) => r.id !== id));
  await files("readwrite", (s) => s.delete(id)).catch(() => {});
}

// keepFile keeps a file; false when it is too large or the browser cannot.
export async function keepFile(id, file) {
  if (file.size > LARGEST) return false;
  return files("readwrite", (s) => s.put(file, id)).then(() => true, () => false);
}

// keptFile is a file that was kept; undefined: none, or it can no longer be read.
export async function keptFile(id) {
  const file = await files("readonly", (s) => s.get(id)).catch(() => undefined);
  if (!file) return undefined;
  return file.slice(0, 1).arrayBuffer().then(() => file, () => undefined);
}

// tidy drops files that nothing of whoever is signed in remembers: their upload ended, or they are somebody else's.
export async function tidy() {
  const kept = await files("readonly", (s) => s.getAllKeys()).catch(() => []);
  for (const id of kept) if (!all().some((r) => r.id === id)) files("readwrite", (s) => s.delete(id)).catch(() => {});
}

function files(mode, ask) {
  return new Promise((done, failed) => {
    const open = indexedDB.open("redial", 1);
    open.onupgradeneeded = () => open.result.createObjectStore(STORE);
    open.onerror = () => failed(open.error);
    open.onsuccess = () => {
      const turn = open.result.transaction(STORE, mode), answer = ask(turn.objectStore(STORE));
      turn.oncomplete = () => { open.result.close(); done(answer.result); };
      turn.onabort = turn.onerror = () => { open.result.close(); failed(turn.error); };
    };
  });
}

// printOf is a fingerprint of a file by its size and its ends: whether a file that was chosen again is the same.
export async function printOf(file) {
  const ends = [file.slice(0, 65536), file.slice(Math.max(0, file.size - 65536))];
  let a = 0xdeadbeef ^ file.size, b = 0x41c6ce57 ^ file.size;
  for (const end of ends) {
    for (const byte of new Uint8Array(await end.arrayBuffer())) {
      a = Math.imul(a ^ byte, 2654435761);
      b = Math.imul(b ^ byte, 1597334677);
    }
  }
  return `${file.size}-${(a >>> 0).toString(16)}-${(b >>> 0).toString(16)}`;
}
