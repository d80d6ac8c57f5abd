// The banner for who has answered before: it asks what is new, and names it. The same
// is drawn by Banner in app/banner.go once Go runs.

/**
 * @param page what the loader hands over: see main.js
 * @returns a function that resolves to what the banner says: { text, accept, refuse }
 */
export const renewal = ({ anew }) => async (asked) => {
  const { text, names, comma, ...labels } = await (await anew()).json();
  return { ...labels, text: text.replace('{services}', () => asked.map((id) => names[id]).filter(Boolean).join(comma)) };
};
