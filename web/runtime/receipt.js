// The visitor's own copy of the proof, as a file.

const patience = 10_000; // ms
const kept = 60_000; // ms that the browser has for saving what it was offered

/**
 * Offers the receipt of the present choice as a file. Nothing goes through a
 * policy of the page that the program itself does not need.
 * @param receipt resolves with the receipt's address, once the choice has been reported
 * @returns whether there was one, in good time
 */
export async function download(receipt) {
  try {
    const signal = AbortSignal.timeout(patience);
    const late = new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason)); });
    const address = await Promise.race([receipt(), late]);
    const response = await fetch(address, { signal });
    if (!response.ok) throw new Error(`${address} answers ${response.status}`);
    offer(await response.blob(), `temoin-${address.split('/').pop()}.json`);
    return true;
  } catch (error) {
    console.warn('temoin: the receipt cannot be had.', error);
    return false;
  }
}

function offer(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click(); // outside of the document, where no listener of the page sees it
  setTimeout(() => URL.revokeObjectURL(link.href), kept);
}
