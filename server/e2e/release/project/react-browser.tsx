import { hydrateRoot } from 'react-dom/client';

import { Page } from './react.js';

hydrateRoot(document, <Page />, { onRecoverableError: (error) => console.error('hydration', error) });
