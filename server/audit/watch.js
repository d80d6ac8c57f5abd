// Runs before the scripts of each document, and tells of what they keep and ask for: who did it is
// known at that moment alone. The binding goes with it, so the page does not find it.
(() => {
  const send = globalThis.temoinAudit;
  delete globalThis.temoinAudit;
  if (!send) return;
  const text = JSON.stringify, address = /(https?:\/\/[^\s)]+?):\d+:\d+/;
  const by = () => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 30;
    const stack = String(new Error().stack);
    Error.stackTraceLimit = limit;
    return (address.exec(stack) || [])[1] || '';
  };
  // A value is told as far as stored.js reads it: a page may keep megabytes.
  const tell = (kind, key, value, taken = false) => {
    try { send(text({ kind, key: String(key), value: String(value ?? '').slice(0, 20000), taken, by: by(), frame: location.href })); } catch {}
  };
  // Calls what was there, and tells afterwards, so that a call that throws is not told.
  const wrap = (object, name, told) => {
    const was = object?.[name];
    if (typeof was !== 'function') return;
    const now = { [name](...args) {
      const result = was.apply(this, args);
      try { told.call(this, args, result); } catch {}
      return result;
    } }[name];
    try { Object.defineProperty(object, name, { ...Object.getOwnPropertyDescriptor(object, name), value: now }); } catch {}
  };
  // A frame without an address of its own has its page's host, and its cookies.
  const host = () => { try { return new URL(origin).hostname; } catch { return location.hostname; } };
  const proto = name => globalThis[name]?.prototype;

  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  if (cookie?.set) {
    Object.defineProperty(Document.prototype, 'cookie', { ...cookie, set(line) {
      cookie.set.call(this, line);
      // Whether the browser took it is known now alone, where the script takes it away again at once.
      const pair = String(line).split(';')[0].trim();
      tell('cookie', host(), line, cookie.get.call(this).split('; ').includes(pair));
    } });
  }
  wrap(proto('CookieStore'), 'set', ([name, value]) => {
    const c = typeof name === 'object' ? name : { name, value };
    tell('cookie', host(), c.name + '=' + c.value + (c.expires ? '; Expires=' + new Date(+c.expires).toUTCString() : '') +
      (c.domain ? '; Domain=' + c.domain : '') + '; Path=' + (c.path || '/'));
  });
  wrap(proto('Storage'), 'setItem', function ([key, value]) {
    let kind = 'session';
    try { if (this === localStorage) kind = 'local'; } catch {}
    tell(kind, key, value);
  });
  wrap(proto('IDBFactory'), 'open', ([name]) => tell('indexeddb', name));
  wrap(proto('CacheStorage'), 'open', ([name]) => tell('cache', name));
  wrap(proto('ServiceWorkerContainer'), 'register', ([url]) => tell('serviceworker', url));

  const asked = (object, name, what) => wrap(object, name, args => tell('asked', typeof what === 'function' ? what(args) : what));
  asked(globalThis.Notification, 'requestPermission', 'notifications');
  asked(proto('Geolocation'), 'getCurrentPosition', 'geolocation');
  asked(proto('Geolocation'), 'watchPosition', 'geolocation');
  asked(proto('MediaDevices'), 'getUserMedia', ([c]) => c?.video ? 'camera' : 'microphone');
  asked(proto('MediaDevices'), 'getDisplayMedia', 'display-capture');
  asked(proto('Clipboard'), 'readText', 'clipboard-read');
  asked(proto('Document'), 'requestStorageAccess', 'storage-access');
  asked(proto('PushManager'), 'subscribe', 'push');
})();
