// Runs in a world of its own beside a document's scripts, and says what is kept in the browser for
// the document's origin, and which servers it asks the browser to prepare for.
(async () => {
  const kept = [], most = 300;
  const area = (kind, storage) => {
    for (let i = 0; i < Math.min(storage().length, most); i++) {
      const key = storage().key(i);
      kept.push({ kind, key, value: String(storage().getItem(key)).slice(0, 20000) });
    }
  };
  const tries = [
    () => area('local', () => localStorage),
    () => area('session', () => sessionStorage),
    async () => { for (const { name } of await indexedDB.databases()) kept.push({ kind: 'indexeddb', key: name }); },
    async () => { for (const name of await caches.keys()) kept.push({ kind: 'cache', key: name }); },
    async () => { for (const { scope } of await navigator.serviceWorker.getRegistrations()) kept.push({ kind: 'serviceworker', key: scope }); },
  ];
  // Each on its own: a sandboxed frame may have none of them.
  for (const attempt of tries) try { await attempt(); } catch {}
  const hints = [...document.querySelectorAll('link[rel~="preconnect" i], link[rel~="dns-prefetch" i]')].map(link => link.href);
  return { origin: location.origin, kept, hints };
})()
