// A page's banner as c15t has it drawn by React, without a server of its own.
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { ConsentBanner, ConsentManagerProvider, policyPackPresets } from '@c15t/react';

const options = {
  mode: 'offline',
  consentCategories: ['necessary', 'measurement'],
  offlinePolicy: { policyPacks: [policyPackPresets.europeOptIn()] },
  overrides: { country: 'FR' },
  scripts: [{ id: 'counter', category: 'measurement', textContent: "document.cookie = 'counter=1; samesite=lax'" }],
};

createRoot(document.getElementById('banner')).render(createElement(ConsentManagerProvider, { options }, createElement(ConsentBanner)));
