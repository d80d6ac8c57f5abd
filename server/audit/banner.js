// Runs in a world of its own in a document, and says what a visitor sees of a banner in it, and what
// can be pressed there; or presses the first button of a role. A button's role is told by its words, in the languages of many sites.
(press => {
  const words = {
    refuse: /\b(refus\w*|tout rejeter|rejeter|rejette|reject\w*|decline|deny|disagree|opt[ -]?out|continuer sans accepter|sans accepter|continue without|necessary only|only necessary|essential only|only essential|n[ée]cessaires? (?:uniquement|seulement)|uniquement (?:les )?n[ée]cessaires?|ablehnen|nur notwendige|rechazar|rifiuta\w*|weigeren|afwijzen|rejeitar|recusar|odm[ií]tnout|odrzu\w*|no,? (?:thanks|merci)|non merci)/i,
    settings: /\b(param[èe]tr\w*|personnalis\w*|choisir|g[ée]rer|settings|preferences|pr[ée]f[ée]rences|customi[sz]e|manage|options|plus de choix|more (?:choices|options)|einstellungen|anpassen|configurar|personalizza|preferenze|instellingen|zgody)/i,
    save: /\b(enregistrer|sauvegarder|valider|confirmer|save|confirm|speichern|auswahl|guardar|salva|opslaan)/i,
    accept: /\b(accept\w*|j'accepte|tout accepter|autoriser|allow|agree|d'accord|ok\b|got it|j'ai compris|understand|akzeptieren|zustimmen|aceptar|accetta\w*|akkoord|toestaan|accepteren|aceitar|souhlas\w*|zgadzam)/i,
  };
  const about = /cookie|traceur|t[ée]moin|consent|vie priv[ée]e|privacy|rgpd|gdpr|datenschutz|privacidad/i;
  const each = function* (root) {
    for (const element of root.querySelectorAll('*')) {
      yield element;
      if (element.shadowRoot) yield* each(element.shadowRoot);
    }
  };
  const parent = node => node.parentElement || node.assignedSlot || node.getRootNode()?.host || null;
  const shown = element => {
    if (!element.checkVisibility?.({ opacityProperty: true, visibilityProperty: true })) return false;
    const box = element.getBoundingClientRect(), style = getComputedStyle(element);
    return box.width >= 4 && box.height >= 4 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight &&
      parseFloat(style.fontSize) >= 6 && style.color !== 'rgba(0, 0, 0, 0)';
  };
  const named = element => (element.innerText || element.value || element.getAttribute('aria-label') || element.title || '').trim().replace(/\s+/g, ' ');
  const role = element => {
    const known = { accept: 'accept', refuse: 'refuse', customize: 'settings' }[element.getAttribute('data-temoin')];
    if (known) return known;
    const text = named(element);
    return Object.keys(words).find(kind => words[kind].test(text)) || '';
  };
  const text = element => (element.innerText || element.shadowRoot?.textContent || element.textContent || '');
  // The banner around a button: the outermost of what lies above the page.
  const around = button => {
    for (let node = parent(button), found = null; ; node = parent(node)) {
      if (!node || node === document.body || node === document.documentElement) return found;
      const { position } = getComputedStyle(node);
      const lies = position === 'fixed' || position === 'sticky' || position === 'absolute' || node.matches('dialog[open], [role="dialog"], [role="alertdialog"], [popover]');
      if ((lies || about.test(`${node.id} ${node.className}`)) && text(node).length < 8000) found = node;
    }
  };
  const groups = new Map();
  for (const element of each(document)) {
    if (!element.matches('button, a, [role="button"], input[type="button"], input[type="submit"], summary')) continue;
    const name = named(element);
    if (!name || name.length > 80) continue;
    const banner = around(element);
    if (!banner) continue;
    if (!groups.has(banner)) groups.set(banner, []);
    groups.get(banner).push(element);
  }
  let best = null, points = 0;
  for (const [banner, elements] of groups) {
    const roles = elements.map(role);
    let p = 0;
    for (const kind of ['accept', 'refuse', 'settings']) if (roles.includes(kind)) p += 2;
    if (!roles.includes('accept') && !roles.includes('refuse')) continue;
    if (about.test(text(banner)) || elements.some(e => e.hasAttribute('data-temoin'))) p += 4;
    if (elements.some(shown)) p += 3;
    if (p >= 6 && p > points) [best, points] = [banner, p];
  }
  if (!best) return { visible: false, buttons: [] };
  const elements = groups.get(best);
  if (press) {
    const button = elements.find(e => role(e) === press && shown(e));
    button?.click();
    return { visible: !!button, buttons: [] };
  }
  const buttons = elements.map(element => {
    const box = element.getBoundingClientRect();
    return { text: named(element), role: role(element), visible: shown(element), width: box.width, height: box.height, x: box.x + box.width / 2, y: box.y + box.height / 2 };
  });
  return { visible: buttons.some(b => b.visible), buttons: buttons.slice(0, 40) };
})
