// The page begins anew where what has run in it no longer may. Nobody must lose
// anything by that.

/** Whether the visitor would miss what stands in an element that has been typed into, or ticked. */
const isFilled = (element) => element.isConnected && !!(element.isContentEditable ? element.textContent.trim() : element.value);

/** Fields whose content is not what they came with. */
const changed = () => [...document.querySelectorAll('textarea, input:not([type=checkbox], [type=radio], [type=file])')]
  .filter((field) => field.value !== field.defaultValue);

/**
 * Asks for the page anew, as a link to it would: location.reload() may send once
 * more what a form has sent. Where the visitor has filled something in, the page stays.
 * @param touched what the visitor has typed into, or ticked
 * @returns whether it is
 */
export function reload({ touched, warn }) {
  const [field] = [...[...touched].filter(isFilled), ...changed()];
  if (field) {
    warn('the page is not loaded anew, since the visitor has filled in something; what has run in it and was withdrawn ends with it:', field);
    return false;
  }
  const { href, hash } = location;
  // To an address with a fragment a browser would only scroll.
  if (hash) history.replaceState(history.state, '', '?');
  location.replace(href);
  return true;
}
