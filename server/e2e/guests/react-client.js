import { createElement, startTransition } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { App } from './react-app.js';

// As Next does it.
startTransition(() => {
  hydrateRoot(document, createElement(App), {
    onRecoverableError(error) { console.error('hydration:', error.message); },
  });
});
