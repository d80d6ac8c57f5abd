// Where the layers live: in a host beside the body, so that neither the page's styles
// nor its routers reach them, and in the browser's top layer, above all of the page
// but its own modal dialogs.

export const host = document.createElement('div');
export const shadow = host.attachShadow({ mode: 'open' });

/** Holds the layers. */
export const root = document.createElement('div');

host.id = 'temoin';
host.popover = 'manual';
host.dataset.nosnippet = ''; // no search engine may show the banner's words for the page's

/** Brings the host into the page, where it stays whatever the page becomes. */
export function enter() {
  hideFromSiblings();
  place();
  addEventListener('load', takeFont, { once: true });
}

let rests = true; // not put back in this frame: a page that takes the host out each time must not be kept from drawing

const observer = new MutationObserver(() => {
  if (rests) place();
  rests = false;
  requestAnimationFrame(() => {
    rests = true;
    place();
  });
});

/** Puts the host where it belongs: once, and with the dialog, if that was open. */
function place() {
  const html = document.documentElement;
  observer.observe(document, { childList: true });
  if (!html) return;
  observer.observe(html, { childList: true });
  // A snapshot of the page has a copy, which is dead.
  for (const copy of document.querySelectorAll('#temoin[data-nosnippet]')) if (copy !== host) copy.remove();
  requestAnimationFrame(takeFont);
  if (host.parentNode === html) return;
  html.insertBefore(host, document.body);
  raise();
  if (dialog()?.open) openDialog();
}

/** Has the host stand above the page, but not above a modal dialog of the page's, where it would be seen, and dead. */
export function raise() {
  try {
    if (!document.querySelector('dialog:modal')) host.showPopover();
  } catch {
    // It does; or the browser is too old for it, and the z-index has to do.
  }
}

/** React 18, where it takes over the whole document, must find the body behind the head. */
function hideFromSiblings() {
  const { get } = Object.getOwnPropertyDescriptor(Node.prototype, 'nextSibling');
  const next = (node) => get.call(node);
  if (document.head) Object.defineProperty(document.head, 'nextSibling', { __proto__: null, configurable: true, get() { return next(next(this) === host ? host : this); } });
}

/** A theme may want the body's font, which what stands beside it does not inherit. */
function takeFont() {
  if (document.body) host.style.setProperty('--page-font', getComputedStyle(document.body).fontFamily);
}

// ---- the dialog ----

const dialog = () => root.querySelector('dialog');

/** Shows the dialog that is in the root, as soon as the host is in the page. */
export function showDialog() {
  dialog().open = true;
  if (host.isConnected) openDialog();
  else place();
}

/** Makes modal what is open: a dialog that has left the page no longer is. */
function openDialog() {
  dialog().open = false;
  dialog().showModal();
}
