import { createRoot } from 'react-dom/client';
import { load } from 'temoin';

import { Consent, Temoin } from 'temoin/react';

createRoot(document.querySelector('#app')!).render(<><Temoin /><Consent to="youtube" fallback="no">yes</Consent></>);
load().then((temoin) => { Object.assign(window, { begun: temoin.has('youtube') }); });
