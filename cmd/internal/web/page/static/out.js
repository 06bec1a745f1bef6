// After signing out nothing of what this browser kept stays for whoever uses it next: files on their way and drafts of
// notes. Outcomes of calls that were not sent yet stay for their agent's return, because nobody else has them.
try {
  const keys = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i));
  for (const key of keys) if (key === "redial_uploads" || /^redial\.desk\..*\.draft\./.test(key)) localStorage.removeItem(key);
} catch { /* nothing can be kept here */ }
try { indexedDB.deleteDatabase("redial"); } catch { /* the same */ }
document.body.dataset.out = "done";
