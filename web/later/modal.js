// While a modal dialog of the page is open, all else is dead: the layers wait unseen,
// and are back, with the focus, at once when it goes.

const isModal = (element) => element instanceof HTMLDialogElement && element.matches(':modal');

/** @param page what the loader hands over: see main.js */
export function followModals({ host, root, raise }) {
  const shadow = host.shadowRoot;
  const modals = new Set();
  let focused = -1; // which control had the focus before: Go may draw others like them meanwhile
  const controls = () => [...root.querySelectorAll('a, button')];
  const sizes = new ResizeObserver(look);

  function wait(modal) {
    if (!isModal(modal) || modal.getRootNode() === shadow) return;
    modals.add(modal);
    // It may be closed, hidden, or taken away.
    modal.addEventListener('close', look);
    sizes.observe(modal);
    look();
  }

  function look() {
    let gone;
    for (const modal of modals) if (!isModal(modal) && modals.delete(modal)) gone = modal;
    host.classList.toggle('beneath', modals.size);
    if (modals.size || !gone) return;
    raise();
    // Firefox gives nothing the focus before the next frame; what was in the dialog may have it still.
    requestAnimationFrame(() => {
      if (document.activeElement === document.body || gone.contains(gone.getRootNode().activeElement)) controls()[focused]?.focus();
      focused = -1;
    });
  }

  const { prototype } = HTMLDialogElement;
  const { showModal } = prototype;
  prototype.showModal = {
    showModal() {
      const before = controls().indexOf(shadow.activeElement);
      showModal.call(this);
      if (before >= 0) focused = before;
      wait(this);
    },
  }.showModal;
  // A button may open one without a script.
  addEventListener('toggle', ({ target }) => wait(target), true);
  for (const dialog of document.querySelectorAll('dialog')) wait(dialog);
}
