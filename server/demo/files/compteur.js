// A stand-in for an audience measure. The page holds it back until statistics
// are allowed, so that this file knows nothing of consent: like the script of
// any provider it sets its cookie at once, and here it says so as well.
(() => {
  const journal = document.getElementById('compteur-journal');
  if (!journal) return;

  const cookie = () => /(?:^|;\s*)demo_visites=(\d+)/.exec(document.cookie)?.[1];

  const count = String(Number(cookie() ?? 0) + 1);
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `demo_visites=${count}; Path=/; SameSite=Lax${secure}`; // without an age: it goes with the session

  const now = new Date();
  const words = { h: now.getHours(), m: String(now.getMinutes()).padStart(2, '0'), n: count };
  const say = (text) => {
    const entry = document.createElement('li');
    entry.textContent = text.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole);
    journal.append(entry);
  };
  journal.querySelector('.log-empty')?.remove();
  say(journal.dataset.said);
  say(cookie() === count ? journal.dataset.kept : journal.dataset.notKept);
})();
